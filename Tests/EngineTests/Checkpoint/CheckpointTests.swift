// Whole checkpoint folders.

import Engine
import Foundation
import SystemPackage
import Testing

@Suite struct CheckpointTests {
    @Test(
        "the shared checkpoints open, every tensor's bytes are there, config.json comes back",
        .enabled(if: SharedCheckpoints.areThere, "../shared is not beside this checkout"),
        arguments: SharedCheckpoints.architectures + [SharedCheckpoints.demo])
    func opensShared(folder: FilePath) throws {
        let checkpoint = try Checkpoint(folder)
        #expect(checkpoint.warnings == [])
        #expect(checkpoint.tensorCount > 10)
        for name in checkpoint.tensorNames {
            let floats = try checkpoint.tensor(name).floats()
            #expect(floats.contains { $0 != 0 } && floats.allSatisfy(\.isFinite))
        }
        let original = try String(
            contentsOfFile: folder.appending("config.json").string, encoding: .utf8)
        #expect(checkpoint.config.text == original)
        try checkpoint.verifyUnchanged()
    }
}
