// Files that appear together or not at all, whichever call fails and whatever lies there already.

import DurableIO
import Glibc
import SystemPackage
import Testing

@Suite struct FileBatchTests {
    /// A file of bytes and a copy of a mapped one, as a batch.
    private static func write(copying source: MappedFile, to folder: FilePath) throws {
        let batch = try FileBatch(folder: folder, names: ["a", "b"], byteCount: 13)
        do {
            let first = try batch.create("a")
            try first.append(unsafe ([1, 2, 3] as [UInt8]).span.bytes)
            #expect(try batch.finish(first, expected: 3) == 3)
            let second = try batch.create("b")
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

    @Test("both files appear; whichever call fails, neither does, and the error is its own")
    func everyCallFails() throws {
        let home = try TemporaryFolder()
        let source = try Self.mapped("0123456789", in: home)
        let undisturbed = try TemporaryFolder()
        let whole = FaultPlan()
        try FaultPlan.$current.withValue(whole) {
            try Self.write(copying: source, to: undisturbed.path)
        }
        #expect(try undisturbed.names.sorted() == ["a", "b"])
        #expect(try read(undisturbed.path.appending("b")) == "0123456789")
        #expect(whole.trace.count > 15)
        for (index, entry) in whole.trace.enumerated() {
            let folder = try TemporaryFolder()
            let plan = FaultPlan(.error(.ioError), atCall: index + 1)
            var failure: (any Error)?
            FaultPlan.$current.withValue(plan) {
                do { try Self.write(copying: source, to: folder.path) } catch { failure = error }
            }
            #expect(plan.hasFired)
            // Closing the folder, which was only read, loses nothing.
            guard let failure else {
                #expect(entry.call == .close && entry.path == undisturbed.path)
                continue
            }
            #expect("\(failure)".contains("\(entry.call.rawValue) failed"), "\(entry)")
            #expect(try folder.names == [], "call \(index): \(entry)")
        }
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
}
