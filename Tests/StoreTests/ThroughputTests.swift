// How fast objects are put and read: run by hand, with LAYERFOLD_MEASURE=1. No claim is tested.

import DurableIO
import Store
import SystemPackage
import Testing

@Suite struct ThroughputTests {
    @Test(
        "throughput of put and read on 256 MiB",
        .enabled(if: environmentValue("LAYERFOLD_MEASURE") != nil, "set LAYERFOLD_MEASURE=1"))
    func throughput() throws {
        var generator = SeededGenerator(seed: 1)
        let floats = generator.floats(64 << 20)
        let text = Array(
            (0..<(5 << 20)).map { "row \($0 % 65_537) of a table with words in it, " }.joined().utf8
                .prefix(256 << 20))
        let clock = ContinuousClock()
        for (name, bytes, elementBytes) in [
            ("float32, planes", floats, 4), ("float32, plain", floats, 1), ("text", text, 1),
        ] {
            for threads in [0, 1, 2] {
                let state = try TemporaryState()
                let store = try ContentStore(state: state.path, packingThreads: threads)
                var object: StoredObject?
                let put = try clock.measure {
                    object = try store.put(bytes, elementBytes: elementBytes)
                }
                let digest = try #require(object).digest
                let footer = try #require(try store.info(of: digest))
                var sum = 0
                let stream = try clock.measure {
                    _ = try store.read(digest) { sum += $0.byteCount }
                }
                let whole = try clock.measure {
                    sum -= try store.bytes(of: digest).value?.count ?? 0
                }
                #expect(sum == 0)
                let mebibytes = Double(bytes.count) / Double(1 << 20)
                print(
                    "\(name), \(threads) threads beside: ratio",
                    Double(footer.fileBytes) / Double(footer.rawBytes), "put", mebibytes / (put / .seconds(1)),
                    "stream", mebibytes / (stream / .seconds(1)), "whole", mebibytes / (whole / .seconds(1)), "MiB/s")
            }
        }
        let hash = clock.measure { _ = Digest(of: floats) }
        print("SHA-256", 256 / (hash / .seconds(1)), "MiB/s")
        try DurableFile.write(floats, to: "/tmp/layerfold-floats.bin")
    }
}
