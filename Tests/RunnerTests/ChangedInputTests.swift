// Every way in which a file can change under one path gives other keys, or stops the job.

import Checkpoint
import DurableIO
import Foundation
import Model
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Runner

@Suite struct ChangedInputTests {
    /// A copy of the demo model whose weights have a time of modification of long ago.
    struct Copy {
        let folder: TemporaryFolder
        var model: FilePath { FilePath(folder.path + "/demo") }
        var weights: FilePath { model.appending("model.safetensors") }

        init() throws {
            folder = try TemporaryFolder()
            try FileManager.default.copyItem(
                at: Places.demoModel, to: URL(filePath: model.string))
            try Self.age(weights)
        }

        static func age(_ path: FilePath) throws {
            try Syscalls.setModified(path, seconds: 1_000_000_000)
        }

        /// Other weights of the same size, in place.
        func rewrite() throws {
            let handle = try FileHandle(forUpdating: URL(filePath: weights.string))
            let end = try handle.seekToEnd()
            try handle.seek(toOffset: end - 1)
            let last = try #require(try handle.readToEnd()?.first)
            try handle.seek(toOffset: end - 1)
            try handle.write(contentsOf: [last ^ 1])
            try handle.close()
            try Self.age(weights)
        }

        /// The clock of ctime moves in ticks: touches the file until it has.
        func tick(since identity: FileIdentity) throws {
            for _ in 0..<1_000_000 where try MappedFile(weights).identity == identity {
                try Self.age(weights)
            }
        }

        func key() throws -> Digest {
            DigestStage(try Model(try Checkpoint(model))).key.digest
        }
    }

    @Test("weights that are rewritten with the same size and time have another key")
    func rewritten() throws {
        let copy = try Copy()
        let (before, identity) = (try copy.key(), try MappedFile(copy.weights).identity)
        #expect(try copy.key() == before)
        try copy.rewrite()
        try copy.tick(since: identity)
        #expect(try copy.key() != before)
    }

    @Test("weights that are replaced, or reached by a link that is swung, have another key")
    func replaced() throws {
        let copy = try Copy()
        let before = try copy.key()
        let other = FilePath(copy.folder.path + "/other")
        try FileManager.default.copyItem(atPath: copy.weights.string, toPath: other.string)
        try Copy.age(other)
        try Syscalls.rename(other, to: copy.weights)
        let replaced = try copy.key()
        #expect(replaced != before)
        for name in ["one", "two"] {
            let target = FilePath(copy.folder.path + "/" + name)
            try FileManager.default.copyItem(atPath: copy.weights.string, toPath: target.string)
            try Copy.age(target)
        }
        var keys: Set<Digest> = [before, replaced]
        for name in ["one", "two"] {
            try Syscalls.unlink(copy.weights)
            try FileManager.default.createSymbolicLink(
                atPath: copy.weights.string, withDestinationPath: "../" + name)
            keys.insert(try copy.key())
        }
        #expect(keys.count == 4)
    }

    @Test(
        "a file whose time of modification is old, but which changed just now, is not vouched for")
    func tooNew() throws {
        let copy = try Copy()
        let stage = DigestStage(try Model(try Checkpoint(copy.model)))
        #expect(!stage.isCacheable)
    }
}
