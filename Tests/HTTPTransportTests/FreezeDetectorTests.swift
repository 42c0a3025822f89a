import Support
import Testing

@testable import HTTPTransport

@Suite struct FreezeDetectorTests {
    @Test(arguments: [(0, false), (9, false), (11, true), (36_000, true), (-3600, false)])
    func `A time of day that goes on by itself is a freeze`(seconds: Int, isFreeze: Bool) {
        let time = Shared(Timestamp(seconds: 1_000_000))
        var detector = FreezeDetector(clock: WallClock(now: { time.value }, sleep: { _ in }))
        let before = detector.hasFrozen()
        time.change { $0 = $0 + .seconds(seconds) }
        let after = detector.hasFrozen()
        let later = detector.hasFrozen()
        #expect([before, after, later] == [false, isFreeze, false])
        #expect(detector.isRecent == isFreeze)
    }
}
