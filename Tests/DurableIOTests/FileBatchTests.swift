// Files that appear together or not at all, whichever call fails and whatever lies there already.

import Dispatch
import DurableIO
import Foundation
import Glibc
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite struct FileBatchTests {
    /// A file of bytes and a copy of a mapped one, as a batch.
    private static func write(
        copying source: MappedFile, to folder: FilePath, readers: [any ByteReader] = []
    ) throws {
        let batch = try FileBatch(folder: folder, names: ["a", "b"], byteCount: 13)
        do {
            let first = try batch.create("a", reader: readers.first)
            try first.append(unsafe ([1, 2, 3] as [UInt8]).span.bytes)
            #expect(try batch.finish(first, expected: 3) == 3)
            let second = try batch.create("b", reader: readers.last)
            try second.append(source, 0..<source.byteCount) { _ in }
            #expect(try batch.finish(second, expected: source.byteCount) == source.byteCount)
            try batch.publish()
        } catch {
            batch.discard()
            throw error
        }
        #expect(
            batch.written == [
                WrittenFile(name: "a", byteCount: 3),
                WrittenFile(name: "b", byteCount: source.byteCount),
            ])
    }

    private static func mapped(_ text: String, in folder: TemporaryFolder) throws -> MappedFile {
        let path = folder.path.appending("source")
        try DurableIOTests.write(text, to: path)
        return try MappedFile(path)
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

    @Test(
        "both files appear; whichever call fails, neither does, and the error is its own",
        arguments: [false, true])
    func everyCallFails(isRead: Bool) throws {
        let home = try TemporaryFolder()
        let source = try Self.mapped("0123456789", in: home)
        let readers = { isRead ? [Keeper(), Keeper()] : [] }
        let undisturbed = try TemporaryFolder()
        let whole = FaultPlan()
        try FaultPlan.$current.withValue(whole) {
            try Self.write(copying: source, to: undisturbed.path, readers: readers())
        }
        #expect(try undisturbed.names.sorted() == ["a", "b"])
        #expect(try read(undisturbed.path.appending("b")) == "0123456789")
        #expect(whole.trace.count > 15)
        for (index, entry) in whole.trace.enumerated() {
            let folder = try TemporaryFolder()
            let plan = FaultPlan(.error(.ioError), atCall: index + 1)
            var failure: (any Error)?
            FaultPlan.$current.withValue(plan) {
                do {
                    try Self.write(copying: source, to: folder.path, readers: readers())
                } catch { failure = error }
            }
            #expect(plan.hasFired)
            // Closing what was only read, the folder or a file by its reader, loses nothing.
            guard let failure else {
                #expect(entry.call == .close && (isRead || entry.path == undisturbed.path))
                continue
            }
            #expect("\(failure)".contains("\(entry.call.rawValue) failed"), "\(entry)")
            #expect(try folder.names == [], "call \(index): \(entry)")
        }
        FaultRounds.tell(rounds: whole.trace.count)
    }

    @Test("a name that is taken is refused before anything is written")
    func nameTaken() throws {
        let folder = try TemporaryFolder()
        let taken = folder.path.appending("b")
        try DurableIOTests.write("x", to: taken)
        #expect(throws: FileBatchError.alreadyThere(path: taken.string)) {
            try FileBatch(folder: folder.path, names: ["a", "b"], byteCount: 1)
        }
        #expect(try folder.names == ["b"])
    }

    @Test("another size than was said is refused")
    func otherSize() throws {
        let folder = try TemporaryFolder()
        let batch = try FileBatch(folder: folder.path, names: ["a"], byteCount: 4)
        let file = try batch.create("a")
        try file.append(unsafe ([1, 2, 3] as [UInt8]).span.bytes)
        let partial = folder.path.appending(".a.partial")
        let expected = FileBatchError.fileByteCount(path: partial.string, expected: 4, found: 3)
        #expect(throws: expected) { try batch.finish(file, expected: 4) }
        batch.discard()
        #expect(try folder.names == [])
    }

    @Test("readers get every byte, written or copied, before any file has its name")
    func readers() throws {
        let folder = try TemporaryFolder()
        let home = try TemporaryFolder()
        // More than two buffers, and no multiple of one.
        let bytes = (0..<2_500_001).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        let path = home.path.appending("source")
        try DurableFile.write(bytes, to: path)
        let source = try MappedFile(path)
        // More than may be behind at once.
        let keepers = (0..<9).map { _ in Keeper() }
        let batch = try FileBatch(
            folder: folder.path, names: keepers.indices.map { "\($0)" }, byteCount: 23_000_000)
        for (index, keeper) in keepers.enumerated() {
            let file = try batch.create("\(index)", reader: keeper)
            let (start, end) = (index, bytes.count - index * 7)
            if index % 2 == 0 {
                try file.append(source, start..<end) { _ in }
            } else {
                for place in stride(from: start, to: end, by: 70_001) {
                    let piece = Array(bytes[place..<min(end, place + 70_001)])
                    try file.append(unsafe piece.span.bytes)
                }
            }
            #expect(try batch.finish(file, expected: end - start) == end - start)
            #expect(try folder.names.allSatisfy { $0.hasSuffix(".partial") })
        }
        try batch.publish()
        for (index, keeper) in keepers.enumerated() {
            #expect(keeper.bytes == Array(bytes[index..<bytes.count - index * 7]), "\(index)")
        }
    }

    /// Cuts its file off when it is told to go on.
    private final class Cutter: ByteReader {
        let path: FilePath
        let gate = DispatchSemaphore(value: 0)

        init(_ path: FilePath) { self.path = path }

        func read(_ bytes: RawSpan) {
            gate.wait()
            gate.signal()
            #expect(unsafe truncate(path.string, 1 << 20) == 0)
        }
    }

    @Test("a file that lost bytes before its reader had them is refused, and nothing is left")
    func lostBytes() throws {
        let folder = try TemporaryFolder()
        let partial = folder.path.appending(".a.partial")
        let cutter = Cutter(partial)
        let batch = try FileBatch(folder: folder.path, names: ["a"], byteCount: 3 << 20)
        let file = try batch.create("a", reader: cutter)
        let bytes = [UInt8](repeating: 7, count: 3 << 20)
        try file.append(unsafe bytes.span.bytes)
        _ = try batch.finish(file, expected: bytes.count)
        cutter.gate.signal()
        let expected = FileBatchError.fileByteCount(
            path: partial.string, expected: 2 << 20, found: 1 << 20)
        #expect(throws: expected) { try batch.publish() }
        batch.discard()
        #expect(try folder.names == [])
    }

    @Test("a batch that is given up waits for its readers, which then read no more")
    func givenUp() throws {
        let folder = try TemporaryFolder()
        let keeper = Keeper()
        let batch = try FileBatch(folder: folder.path, names: ["a"], byteCount: 3 << 20)
        let file = try batch.create("a", reader: keeper)
        let bytes = [UInt8](repeating: 7, count: 3 << 20)
        try file.append(unsafe bytes.span.bytes)
        batch.discard()
        let count = keeper.bytes.count
        #expect(count % (1 << 20) == 0)
        #expect(try folder.names == [])
        Thread.sleep(forTimeInterval: 0.02)
        #expect(keeper.bytes.count == count)
    }
}
