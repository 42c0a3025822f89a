import CCurl

extension CurlTransfer {
    /// Whether a pooled connection turned out to be dead while the request was sent over it, so that the server cannot
    /// have had all of it, and it can be sent from the start.
    ///
    /// libcurl does the same on its own when a pooled connection ends before any answer, but not when sending the body
    /// fails (Curl_retry_request is asked in one case only).
    func mayBeSentAgain(after code: CURLcode) -> Bool {
        var connections = 0
        guard code == CURLE_SEND_ERROR, fault == nil, receiver.isUntouched,
            order.request.body.isRepeatable,
            curl_easy_getinfo_long(easy, CURLINFO_NUM_CONNECTS, &connections) == CURLE_OK
        else { return false }
        // None was made: it came from the pool. The next has one of its own, so that this happens once.
        return connections == 0
    }

    /// Makes the handle ready for another start, over a connection of its own, in the time that is left.
    func prepareToSendAgain() {
        localPort = nil
        _ = body.rewind(to: 0)
        var options = CurlOptions(easy)
        options.set(CURLOPT_FRESH_CONNECT, true)
        options.set(CURLOPT_TIMEOUT_MS, libraryMilliseconds(totalLeft))
    }
}
