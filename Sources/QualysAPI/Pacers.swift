import Support

/// One pacer an API name, made when it is first needed.
actor Pacers {
    private let workers: Int
    private let ofAPI: [QualysCall.API: Int]
    private let clock: WallClock
    private var pacers: [QualysCall.API: Pacer] = [:]

    init(workers: Int, ofAPI: [QualysCall.API: Int] = [:], clock: WallClock) {
        self.workers = workers
        self.ofAPI = ofAPI
        self.clock = clock
    }

    func pacer(of api: QualysCall.API) -> Pacer {
        if let pacer = pacers[api] { return pacer }
        let pacer = Pacer(workers: ofAPI[api] ?? workers, clock: clock)
        pacers[api] = pacer
        return pacer
    }
}
