// Mapped files: what they lend, what they refuse, what they notice.

import DurableIO
import Foundation
import SystemPackage
import Testing

@Suite struct MappedFileTests {
    private static func withFile(
        _ bytes: [UInt8], _ body: (FilePath) throws -> Void
    ) throws {
        let path = FilePath(NSTemporaryDirectory()).appending("mapped-\(UUID().uuidString)")
        try Data(bytes).write(to: URL(fileURLWithPath: path.string))
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        try body(path)
    }

    @Test("the bytes are those of the file, whole and in ranges")
    func lendsBytes() throws {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try Self.withFile(bytes) { path in
            let file = try MappedFile(path)
            #expect(file.byteCount == bytes.count)
            let whole = file.withBytes { span in span.indices.map { span[$0] } }
            #expect(whole == bytes)
            for range in [0..<0, 0..<1, 4095..<4097, 9_999..<10_000, 10_000..<10_000] {
                let part = file.withBytes(range) { span in span.indices.map { span[$0] } }
                #expect(part == Array(bytes[range]))
            }
        }
    }

    @Test("what Git LFS leaves in a file's place is named, whichever way it is read")
    func lfsPointer() throws {
        let text = """
            version https://git-lfs.github.com/spec/v1
            oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
            size 4976698672

            """
        try Self.withFile(Array(text.utf8)) { path in
            #expect(throws: MappedFileError.lfsPointer(path: path.string)) {
                try MappedFile(path)
            }
            let error = #expect(throws: LFSPointer.Found.self) {
                try SmallFile.read(following: path, bytesMax: 1 << 20)
            }
            #expect(error?.description.contains("git lfs pull") == true)
        }
        // A text about them is a text.
        let long = text + String(repeating: "a", count: 2_000)
        for other in ["version https://git-lfs.example", long] {
            try Self.withFile(Array(other.utf8)) { path in
                let mapped = try MappedFile(path).byteCount
                let read = try SmallFile.read(following: path, bytesMax: 1 << 20).count
                #expect(mapped == other.utf8.count && read == mapped)
            }
        }
    }

    @Test("an empty file is an empty span")
    func emptyFile() throws {
        try Self.withFile([]) { path in
            let file = try MappedFile(path)
            #expect(file.withBytes { $0.count } == 0)
            file.adviseWillNeed(0..<0)
            file.adviseDontNeed(0..<0)
        }
    }

    @Test("advice changes nothing about the bytes")
    func advice() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        try Self.withFile(bytes) { path in
            let file = try MappedFile(path)
            for range in [0..<100_000, 1..<2, 4096..<8192, 5_000..<99_999, 99_999..<100_000] {
                file.adviseWillNeed(range)
                file.adviseDontNeed(range)
                #expect(file.withBytes { span in span.indices.map { span[$0] } } == bytes)
            }
        }
    }

    @Test("a file replaced by rename stays as it was, and still counts as unchanged")
    func replacedFile() throws {
        try Self.withFile([1, 2, 3]) { path in
            let file = try MappedFile(path)
            try Data([9, 9]).write(to: URL(fileURLWithPath: path.string), options: .atomic)
            try file.verifyUnchanged()
            #expect(file.withBytes { $0[0] } == 1)
        }
    }

    @Test("a change in place is noticed: shorter, longer, or rewritten")
    func changedFile() throws {
        for change in [2, 4, 3] {
            try Self.withFile([1, 2, 3]) { path in
                let file = try MappedFile(path)
                try file.verifyUnchanged()
                let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path.string))
                if change == 3 {
                    // The same size at another time. Set, not waited for.
                    try FileManager.default.setAttributes(
                        [.modificationDate: Date(timeIntervalSince1970: 1)],
                        ofItemAtPath: path.string)
                } else {
                    try handle.truncate(atOffset: UInt64(change))
                }
                try handle.close()
                let error = #expect(throws: MappedFileError.self) { try file.verifyUnchanged() }
                guard case .changed(path.string, let before, let after) = error else {
                    Issue.record("unexpected error \(String(describing: error))")
                    return
                }
                #expect(before.byteCount == 3 && after.byteCount == change)
            }
        }
    }

    @Test("a rewrite whose time of modification is set back is noticed, a new name is not one")
    func rewrittenWithItsTime() throws {
        try Self.withFile([1, 2, 3]) { path in
            let old = timespec(tv_sec: 1_000_000_000, tv_nsec: 0)
            let times = [old, old]
            _ = unsafe utimensat(AT_FDCWD, path.string, times, 0)
            let file = try MappedFile(path)
            let other = FilePath(path.string + ".link")
            try Syscalls.link(path, to: other)
            try file.verifyUnchanged()
            try Syscalls.unlink(other)
            _ = unsafe chmod(path.string, 0o600)
            try file.verifyUnchanged()
            let again = try MappedFile(path)
            #expect(again.identity != file.identity, "other rights are another identity")
            // The clock of ctime moves in ticks: rewritten until it has.
            var ticks = 0
            while try MappedFile(path).identity == again.identity, ticks < 1_000_000 {
                let handle = try FileHandle(forUpdating: URL(filePath: path.string))
                try handle.write(contentsOf: Data([3, 2, 1]))
                try handle.close()
                _ = unsafe utimensat(AT_FDCWD, path.string, times, 0)
                ticks += 1
            }
            #expect(throws: MappedFileError.self) { try again.verifyUnchanged() }
        }
    }

    @Test("folders, devices, pipes and missing files are refused by their kind")
    func refusals() throws {
        let folder = FilePath(NSTemporaryDirectory())
        #expect(throws: MappedFileError.notRegular(path: folder.string, kind: "a folder")) {
            try MappedFile(folder)
        }
        #expect(
            throws: MappedFileError.notRegular(path: "/dev/null", kind: "a device, pipe or socket")
        ) {
            try MappedFile("/dev/null")
        }
        let missing = folder.appending("missing-\(UUID().uuidString)")
        let expected = MappedFileError.system(
            call: "open", path: missing.string, .noSuchFileOrDirectory)
        #expect(throws: expected) { try MappedFile(missing) }
        try Self.withFile([]) { path in
            let pipe = FilePath(path.string + ".pipe")
            let made = unsafe mkfifo(pipe.string, 0o600)
            try #require(made == 0)
            defer { try? FileManager.default.removeItem(atPath: pipe.string) }
            #expect(
                throws: MappedFileError.notRegular(
                    path: pipe.string, kind: "a device, pipe or socket")
            ) {
                try MappedFile(pipe)
            }
        }
    }

    @Test("a root confines the file itself, not the name it was reached by")
    func root() throws {
        try Self.withFile([1]) { path in
            let root = path.removingLastComponent()
            _ = try MappedFile(path, within: root)
            let link = FilePath(path.string + ".link")
            try FileManager.default.createSymbolicLink(
                atPath: link.string, withDestinationPath: "/etc/hostname")
            defer { try? FileManager.default.removeItem(atPath: link.string) }
            let error = #expect(throws: MappedFileError.self) {
                try MappedFile(link, within: root)
            }
            guard case .outsideRoot(link.string, "/etc/hostname", _) = error else {
                Issue.record("unexpected error \(String(describing: error))")
                return
            }
            // A folder whose name only begins like the root's is not below it.
            let sibling = FilePath(root.string + "-other").appending("x")
            #expect(throws: MappedFileError.self) { try MappedFile(sibling, within: root) }
        }
    }
}
