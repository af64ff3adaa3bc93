
import Store
import SystemPackage
import DurableIO
import Testing
@Suite struct GoldenMaker {
    @Test func makeGoldens() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        func bytes(_ n: Int) -> [UInt8] { (1...n).flatMap { i -> [UInt8] in
            let p = (Float(i) * 0.5).bitPattern
            return (0..<4).map { UInt8(truncatingIfNeeded: p >> (8 * UInt32($0))) } } }
        for (c, e) in [(bytes(64), 4), (Array("layerfold".utf8), 1)] {
            let o = try store.put(c, elementBytes: e)
            let f = try contents(store.layout.root.appending(objectName(o.digest)))
            print("GOLD", o.digest.hex, (try store.info(of: o.digest)?.filter.rawValue) as Any, f.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        }
        let o = try store.put(bytes(64), elementBytes: 4)
        let k = ActionKey(stage: "similarity", stageVersion: 1, inputs: ["embeddings": Digest(of: "embeddings")], params: ["measure": "npib", "sigma": 8], tool: "layerfold")
        _ = try store.record(k, outputs: [ActionOutput(role: "matrix", o)], seconds: 1.25, peakBytes: 4096, notes: ["host": "one"])
        print("GOLDKEY", k.digest.hex, k.json.text)
        print("GOLDACT", String(decoding: try contents(store.layout.root.appending(actionName(k.digest))), as: UTF8.self))
    }
}
