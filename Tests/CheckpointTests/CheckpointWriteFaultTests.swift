// What goes wrong while a checkpoint is written: each fault has its error and leaves nothing.

import DurableIO
import EngineTestSupport
import Foundation
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Checkpoint

@Suite struct CheckpointWriteFaultTests {
    struct Refusal: Error, Equatable {}

    @Test("a source that gives too few bytes is an error that names the tensor")
    func tooFewBytes() throws {
        let scratch = try CheckpointScratch()
        let expected = TensorByteCountError(tensor: "b", expected: 8, found: 4)
        #expect(throws: expected) {
            try CheckpointWriter(folder: scratch.path).write([
                .bytes("a", .f32, [1], [1, 2, 3, 4]), .bytes("b", .f32, [2], [1, 2, 3, 4]),
            ])
        }
        #expect(try scratch.names == [])
    }

    @Test("a source that gives too many bytes is stopped at the first one too many")
    func tooManyBytes() throws {
        let scratch = try CheckpointScratch()
        let expected = TensorByteCountError(tensor: "a", expected: 4, found: 5)
        #expect(throws: expected) {
            try CheckpointWriter(folder: scratch.path).write([
                .bytes("a", .f32, [1], [1, 2, 3, 4, 5, 6], pieceByteCount: 1)
            ])
        }
        #expect(try scratch.names == [])
    }

    @Test("an error of a source, in whichever shard, removes the shards before it")
    func sourceThrows() throws {
        let scratch = try CheckpointScratch()
        var writer = CheckpointWriter(folder: scratch.path)
        writer.shardByteLimit = 4
        #expect(throws: Refusal()) {
            try writer.write([
                .bytes("a", .f32, [1], [1, 2, 3, 4]), .bytes("b", .f32, [1], [1, 2, 3, 4]),
                .produce("c", .f32, [1]) { _ in throw Refusal() },
            ])
        }
        #expect(try scratch.names == [])
    }

    @Test("progress runs from 0 to the total, and ends the write by throwing")
    func progress() throws {
        let scratch = try CheckpointScratch()
        let tensors = (0..<5).map { OutputTensor.bytes("\($0)", .u8, [3], [1, 2, 3]) }
        var seen: [Int] = []
        var total = 0
        _ = try CheckpointWriter(folder: scratch.path.appending("."))
            .write(tensors) { done, all in
                seen.append(done)
                total = all
            }
        #expect(seen == seen.sorted() && seen.last == total && seen.count >= 5)

        let other = try CheckpointScratch()
        for stop in 0..<seen.count {
            var calls = 0
            #expect(throws: Refusal()) {
                try CheckpointWriter(folder: other.path).write(tensors) { _, _ in
                    if calls == stop { throw Refusal() }
                    calls += 1
                }
            }
            #expect(try other.names == [])
        }
    }

    @Test("a name that is taken is refused before anything is written, and left as it is")
    func nameTaken() throws {
        let scratch = try CheckpointScratch()
        let taken = try scratch.write([1, 2, 3], "model.safetensors")
        #expect(throws: FileBatchError.alreadyThere(path: taken.string)) {
            try CheckpointWriter(folder: scratch.path).write([.bytes("a", .u8, [1], [1])])
        }
        #expect(try scratch.names == ["model.safetensors"])
        #expect(try CheckpointScratch.bytes(taken) == [1, 2, 3])
    }

    @Test("a temporary file left by a crash does not stand in the way")
    func leftover() throws {
        let scratch = try CheckpointScratch()
        try scratch.write([1, 2, 3], ".model.safetensors.partial")
        _ = try CheckpointWriter(folder: scratch.path).write([.bytes("a", .u8, [1], [1])])
        #expect(try scratch.names == ["model.safetensors"])
    }

    @Test("a folder that is missing is an error with its path")
    func folderMissing() throws {
        let scratch = try CheckpointScratch()
        let folder = scratch.path.appending("missing")
        let expected = FileBatchError.system(
            SystemCallError(.statvfs, folder, .noSuchFileOrDirectory))
        #expect(throws: expected) {
            try CheckpointWriter(folder: folder).write([.bytes("a", .u8, [1], [1])])
        }
    }

    @Test("more than the disk holds is refused before anything is written")
    func spaceMissing() throws {
        let scratch = try CheckpointScratch()
        let huge = OutputTensor.produce("a", .u8, [1 << 50]) { _ in
            Issue.record("the source was asked")
        }
        let error = #expect(throws: FileBatchError.self) {
            try CheckpointWriter(folder: scratch.path).write([huge])
        }
        guard case .spaceMissing(_, let needed, let available) = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
        }
        #expect(needed > 1 << 50 && available < 1 << 50)
        #expect(try scratch.names == [])
    }

    @Test("a source that changed since it was opened is refused")
    func sourceChanged() throws {
        let scratch = try CheckpointScratch()
        let source = try scratch.folder("source")
        let target = try scratch.folder("target")
        _ = try CheckpointWriter(folder: source).write([.bytes("a", .u8, [4], [1, 2, 3, 4])])
        let path = source.appending("model.safetensors")
        let file = try SafetensorsFile(path)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path.string))
        try handle.truncate(atOffset: UInt64(file.byteCount - 1))
        try handle.close()
        let tensor = OutputTensor.copy(try file.tensor("a"), as: "a")
        #expect(throws: (any Error).self) {
            try CheckpointWriter(folder: target).write([tensor])
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: target.string)
        #expect(left == [])
    }

    @Test("copies between file systems, where the kernel cannot copy, are the same bytes")
    func copiesAcrossFileSystems() throws {
        guard FileManager.default.isWritableFile(atPath: "/dev/shm") else {
            try Test.cancel("there is no second file system at /dev/shm")
        }
        let memory = try CheckpointScratch(in: "/dev/shm")
        let disk = try CheckpointScratch()
        var random = SeededBytes(seed: 3)
        // More than two read buffers, and not a multiple of one.
        let bytes = random.bytes(2_500_001)
        _ = try CheckpointWriter(folder: memory.path).write([
            .bytes("a", .u8, [bytes.count], bytes, pieceByteCount: 1 << 20),
            .bytes("b", .u8, [3], [1, 2, 3]),
        ])
        let source = try SafetensorsFile(memory.path.appending("model.safetensors"))
        _ = try CheckpointWriter(folder: disk.path).write(
            source.tensors.map { .copy(try source.tensor($0.name), as: $0.name) })
        #expect(
            try CheckpointScratch.bytes(disk.path.appending("model.safetensors"))
                == CheckpointScratch.bytes(memory.path.appending("model.safetensors")))
    }

    /// A checkpoint with copied and produced tensors, in shards, with all other files.
    private static func writeAll(
        from source: Checkpoint, to folder: FilePath,
        reader: ((_ name: String) -> any ByteReader)? = nil
    ) throws {
        var writer = CheckpointWriter(folder: folder)
        writer.shardByteLimit = 400
        var tensors = try source.tensorNames.map {
            OutputTensor.copy(try source.tensor($0), as: $0)
        }
        tensors.append(.bytes("new", .u8, [5], [1, 2, 3, 4, 5], pieceByteCount: 2))
        writer.reader = reader
        _ = try writer.write(tensors, config: source.config, companionsOf: source)
    }

    private static func sourceWithCompanions(_ scratch: CheckpointScratch) throws -> Checkpoint {
        let folder = CheckpointScratch.goldens.appending("sharded")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.string) {
            try FileManager.default.copyItem(
                atPath: folder.appending(name).string,
                toPath: scratch.path.appending(name).string)
        }
        try scratch.write([1, 2, 3], "tokenizer.json")
        _ = try scratch.folder("additional_chat_templates/more")
        try scratch.write([4, 5], "additional_chat_templates/more/a.jinja")
        return try Checkpoint(scratch.path)
    }

    /// Keeps what it reads.
    private final class Keeper: ByteReader {
        private let kept = Mutex<[UInt8]>([])
        var bytes: [UInt8] { kept.withLock { $0 } }

        func read(_ bytes: RawSpan) {
            let piece = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
            kept.withLock { $0 += piece }
        }
    }

    @Test("a reader gets the bytes of every file, in whichever folder it lies")
    func readers() throws {
        let sourceScratch = try CheckpointScratch()
        let source = try Self.sourceWithCompanions(sourceScratch)
        let scratch = try CheckpointScratch()
        var keepers: [String: Keeper] = [:]
        try Self.writeAll(from: source, to: scratch.path) { name in
            let keeper = Keeper()
            keepers[name] = keeper
            return keeper
        }
        #expect(keepers.count > 5)
        #expect(keepers["additional_chat_templates/more/a.jinja"]?.bytes == [4, 5])
        for (name, keeper) in keepers {
            #expect(try CheckpointScratch.bytes(scratch.path.appending(name)) == keeper.bytes)
        }
    }

    @Test("whichever system call fails, the error is its own and nothing is left behind")
    func everyCallFails() throws {
        let sourceScratch = try CheckpointScratch()
        let source = try Self.sourceWithCompanions(sourceScratch)
        let whole = FaultPlan()
        let undisturbed = try CheckpointScratch()
        try FaultPlan.$current.withValue(whole) {
            try Self.writeAll(from: source, to: undisturbed.path)
        }
        let calls = whole.trace
        #expect(calls.count > 60)
        for (index, entry) in calls.enumerated() {
            let scratch = try CheckpointScratch()
            let plan = FaultPlan(.error(.ioError), atCall: index + 1)
            var failure: (any Error)?
            FaultPlan.$current.withValue(plan) {
                do {
                    try Self.writeAll(from: source, to: scratch.path)
                } catch {
                    failure = error
                }
            }
            #expect(plan.hasFired)
            // Closing what was only read cannot lose anything; all else must fail.
            let isHarmless = entry.call == .close && failure == nil
            let message = failure.map { "\($0)" } ?? ""
            #expect(isHarmless || message.contains("\(entry.call.rawValue) failed"))
            if failure != nil { #expect(try scratch.names == [], "call \(index): \(entry)") }
        }
        FaultRounds.tell(rounds: calls.count)
    }

    @Test("a write that is cut short goes on, and a kernel that cannot copy is helped out")
    func shortWritesAndNoKernelCopies() throws {
        let sourceScratch = try CheckpointScratch()
        let source = try Self.sourceWithCompanions(sourceScratch)
        let undisturbed = try CheckpointScratch()
        try Self.writeAll(from: source, to: undisturbed.path)
        let names = try undisturbed.names
        let faults: [(FaultPlan.Fault, SystemCall)] = [
            (.short, .write), (.error(.improperLink), .copyRange),
            (.error(.notSupported), .copyRange), (.error(.interrupted), .copyRange),
        ]
        for (fault, call) in faults {
            for number in 1...5 {
                let scratch = try CheckpointScratch()
                let plan = FaultPlan(fault, atCall: number, among: [call])
                try FaultPlan.$current.withValue(plan) {
                    try Self.writeAll(from: source, to: scratch.path)
                }
                #expect(plan.hasFired)
                #expect(try scratch.names == names)
                for name in names where name != "additional_chat_templates" {
                    #expect(
                        try CheckpointScratch.bytes(scratch.path.appending(name))
                            == CheckpointScratch.bytes(undisturbed.path.appending(name)))
                }
            }
        }
    }

    @Test("a disk that fills up while writing is an error that says so, and leaves nothing")
    func diskFull() throws {
        guard let small = ProcessInfo.processInfo.environment["LAYERFOLD_SMALL_DISK"] else {
            try Test.cancel("set LAYERFOLD_SMALL_DISK to a folder on a file system of some MB")
        }
        let scratch = try CheckpointScratch(in: small)
        let filler = scratch.path.appending("filler")
        let megabyte = [UInt8](repeating: 1, count: 1 << 20)
        // The plan fits; then somebody else takes the space.
        let tensor = OutputTensor.produce("a", .u8, [megabyte.count]) { sink in
            let handle = unsafe open(filler.string, O_WRONLY | O_CREAT, 0o600)
            while unsafe write(handle, megabyte, megabyte.count) > 0 {}
            close(handle)
            try sink.write(unsafe megabyte.span.bytes)
        }
        let partial = scratch.path.appending(".model.safetensors.partial")
        let expected = FileBatchError.system(SystemCallError(.write, partial, .noSpace))
        #expect(throws: expected) {
            try CheckpointWriter(folder: scratch.path).write([tensor])
        }
        #expect(try scratch.names == ["filler"])
    }
}
