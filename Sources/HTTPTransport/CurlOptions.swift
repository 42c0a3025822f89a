import CCurl

/// Sets options of one easy handle, and remembers the first that libcurl refused.
struct CurlOptions {
    private let easy: UnsafeMutableRawPointer
    private(set) var refused: CURLoption?

    init(_ easy: UnsafeMutableRawPointer) {
        self.easy = easy
    }

    mutating func set(_ option: CURLoption, _ value: Int) {
        note(curl_easy_setopt_long(easy, option, value), option)
    }

    mutating func set(_ option: CURLoption, _ value: Bool) {
        set(option, value ? 1 : 0)
    }

    mutating func set(_ option: CURLoption, offset value: Int64) {
        note(curl_easy_setopt_offset(easy, option, curl_off_t(value)), option)
    }

    /// libcurl copies the text. Nil takes the value away.
    mutating func set(_ option: CURLoption, _ value: String?) {
        note(curl_easy_setopt_string(easy, option, value), option)
    }

    /// What it points to must outlive the handle.
    mutating func set(_ option: CURLoption, pointer value: UnsafeMutableRawPointer?) {
        note(curl_easy_setopt_pointer(easy, option, value), option)
    }

    /// libcurl copies the bytes, as many as another option says.
    mutating func setCopy(_ option: CURLoption, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { set(option, pointer: UnsafeMutableRawPointer(mutating: $0.baseAddress)) }
    }

    mutating func set(
        _ option: CURLoption,
        _ callback: curl_data_callback,
        _ argument: CURLoption,
        _ context: UnsafeMutableRawPointer
    ) {
        note(curl_easy_setopt_data_callback(easy, option, callback), option)
        set(argument, pointer: context)
    }

    mutating func setSeek(_ callback: curl_seek_callback, _ context: UnsafeMutableRawPointer) {
        note(curl_easy_setopt_seek_callback(easy, callback), CURLOPT_SEEKFUNCTION)
        set(CURLOPT_SEEKDATA, pointer: context)
    }

    mutating func setPrerequest(_ callback: curl_prereq_callback, _ context: UnsafeMutableRawPointer) {
        note(curl_easy_setopt_prereq_callback(easy, callback), CURLOPT_PREREQFUNCTION)
        set(CURLOPT_PREREQDATA, pointer: context)
    }

    mutating func setOpenSocket(_ callback: curl_opensocket_callback, _ context: UnsafeMutableRawPointer) {
        note(curl_easy_setopt_opensocket_callback(easy, callback), CURLOPT_OPENSOCKETFUNCTION)
        set(CURLOPT_OPENSOCKETDATA, pointer: context)
    }

    mutating func setCloseSocket(_ callback: curl_closesocket_callback, _ context: UnsafeMutableRawPointer) {
        note(curl_easy_setopt_closesocket_callback(easy, callback), CURLOPT_CLOSESOCKETFUNCTION)
        set(CURLOPT_CLOSESOCKETDATA, pointer: context)
    }

    private mutating func note(_ code: CURLcode, _ option: CURLoption) {
        if code != CURLE_OK, refused == nil { refused = option }
    }
}
