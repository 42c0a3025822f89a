import CCurl

extension CurlTransfer {
    func setCallbacks(_ options: inout CurlOptions, _ context: UnsafeMutableRawPointer) {
        options.set(CURLOPT_HEADERFUNCTION, takeHeader, CURLOPT_HEADERDATA, context)
        options.set(CURLOPT_WRITEFUNCTION, takeBody, CURLOPT_WRITEDATA, context)
        options.set(CURLOPT_READFUNCTION, giveBody, CURLOPT_READDATA, context)
        options.setSeek(rewindBody, context)
        options.setPrerequest(noteConnection, context)
    }

    /// Runs the work of a callback. When it throws, the transfer is to end, and `nil` says so.
    fileprivate func attempt<Value>(_ work: () throws(TransferFault) -> Value) -> Value? {
        defer { lastMove = .now }
        do {
            return try work()
        } catch {
            fault = fault ?? error
            return nil
        }
    }

    /// The length that the server gave for the body; nil when it gave none, or it counts compressed bytes.
    fileprivate var announcedLength: Int64? {
        var length: curl_off_t = -1
        guard order.request.compression != .unpacked,
            curl_easy_getinfo_offset(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK, length >= 0
        else { return nil }
        return Int64(length)
    }
}

// What libcurl calls: plain functions, which get their transfer back from the context.

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = CurlTransfer.at(context)
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    let taken: Void? = transfer.attempt { () throws(TransferFault) in try transfer.receiver.takeHeader(line) }
    // Any other number than it was given ends the transfer.
    return taken == nil ? line.count + 1 : line.count
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = CurlTransfer.at(context)
    let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
    let taken = transfer.attempt { () throws(TransferFault) in
        try transfer.receiver.takeBody(piece, announced: transfer.announcedLength)
    }
    switch taken {
    case .all: return piece.count
    case .nothing:
        transfer.isPaused = true
        return Int(CURL_WRITEFUNC_PAUSE)
    case .enough:
        transfer.isCut = true
        return piece.count + 1
    case nil: return piece.count + 1
    }
}

private func giveBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return Int(CURL_READFUNC_ABORT) }
    let transfer = CurlTransfer.at(context)
    let room = UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    let written = transfer.attempt { () throws(TransferFault) in try transfer.body.read(into: room) }
    return written ?? Int(CURL_READFUNC_ABORT)
}

/// Before a body is sent again from its start.
private func rewindBody(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
    guard let context, origin == SEEK_SET else { return CURL_SEEKFUNC_CANTSEEK }
    return CurlTransfer.at(context).body.rewind(to: Int64(offset)) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
}

/// The connection stands, TLS included, and the request is about to be sent.
private func noteConnection(
    _ context: UnsafeMutableRawPointer?,
    _ remoteAddress: UnsafeMutablePointer<CChar>?,
    _ localAddress: UnsafeMutablePointer<CChar>?,
    _ remotePort: Int32,
    _ localPort: Int32
) -> Int32 {
    guard let context else { return CURL_PREREQFUNC_OK }
    let transfer = CurlTransfer.at(context)
    transfer.localPort = localPort
    transfer.lastMove = .now
    return CURL_PREREQFUNC_OK
}
