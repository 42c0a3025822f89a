import Glibc

/// A program that runs beside the test, with its output to read; it is killed with this object.
///
/// Unchecked: its parts never change, and a `FILE` has a lock of its own (POSIX, flockfile).
final class ChildProcess: @unchecked Sendable {
    private let process: pid_t
    private let output: UnsafeMutablePointer<FILE>

    /// - Parameter arguments: the program's name comes first.
    init?(_ arguments: [String]) {
        var pipe: [Int32] = [0, 0]
        guard Glibc.pipe(&pipe) == 0 else { return nil }
        _ = fcntl(pipe[0], F_SETFD, FD_CLOEXEC)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclose(&actions, pipe[1])
        defer { posix_spawn_file_actions_destroy(&actions) }

        var process = pid_t()
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        let code = posix_spawnp(&process, arguments[0], &actions, nil, &pointers, environ)
        for pointer in pointers { free(pointer) }
        close(pipe[1])
        guard code == 0, let output = fdopen(pipe[0], "r") else { return nil }
        self.process = process
        self.output = output
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        fclose(output)
    }

    /// The next line of its output; nil at the end.
    func readLine() -> String? {
        var line = [CChar](repeating: 0, count: 4096)
        return fgets(&line, Int32(line.count), output).map { String(cString: $0) }
    }

    /// Waits for the program; returns its status.
    fileprivate func wait() -> Int32 {
        while readLine() != nil {}
        var status: Int32 = 0
        var info = siginfo_t()
        // The process stays to be collected, so that its number is still its own when it is killed.
        waitid(P_PID, id_t(process), &info, WEXITED | WNOWAIT)
        status = info._sifields._sigchld.si_status
        return status
    }
}

/// Runs a program to its end; returns its status.
func runProgram(_ arguments: [String]) async -> Int32 {
    await waitOnThread { ChildProcess(arguments)?.wait() ?? -1 }
}
