import Support
import Synchronization

/// One pacer an API name, made when it is first needed.
final class Pacers: Sendable {
    private let workers: Int
    private let ofAPI: [QualysCall.API: Int]
    private let clock: WallClock
    private let pacers = Mutex<[QualysCall.API: Pacer]>([:])

    init(workers: Int, ofAPI: [QualysCall.API: Int] = [:], clock: WallClock) {
        self.workers = workers
        self.ofAPI = ofAPI
        self.clock = clock
    }

    func pacer(of api: QualysCall.API) -> Pacer {
        pacers.withLock { pacers in
            if let pacer = pacers[api] { return pacer }
            let pacer = Pacer(workers: ofAPI[api] ?? workers, clock: clock)
            pacers[api] = pacer
            return pacer
        }
    }
}
