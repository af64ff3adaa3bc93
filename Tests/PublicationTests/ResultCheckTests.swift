// What was changed in results is found, all of it, and told by its name.

import DurableIO
import Foundation
import Glibc
import Publication
import SystemPackage
import TestSupport
import Testing

@Suite struct ResultCheckTests {
    @Test func `all that is wrong is told`() throws {
        let results = try ResultFolder()
        let folder = try results.published()
        let weights = folder.appending("mka-r0.25/model.safetensors")
        var bytes = try SmallFile.read(weights, bytesMax: 1 << 20)
        bytes[100] ^= 1
        try Data(bytes).write(to: URL(filePath: weights.string))
        try results.write("longer than it was", folder.appending("report.json"))
        try Syscalls.unlink(folder.appending("run.log"))
        try Syscalls.unlink(folder.appending("mka-r0.25/config.json"))
        // Would never end if it were opened.
        _ = unsafe mkfifo(folder.appending("mka-r0.25/config.json").string, 0o600)
        try results.write("x", folder.appending("mka-r0.25/extra"))
        let check = try ResultCheck.run(folder)
        #expect(!check.isSound)
        #expect(check.missing == ["run.log"])
        #expect(check.extra == ["mka-r0.25/extra"])
        #expect(
            check.changed.map(\.path) == [
                "mka-r0.25/config.json", "mka-r0.25/model.safetensors", "report.json",
            ])
        #expect(check.changed[0].reason.contains("expected a file"))
        #expect(check.changed[1].reason.contains("digest"))
        #expect(check.changed[2].reason == "expected 2 bytes, found 18")
        #expect(check.unread.isEmpty)
    }

    @Test func `every flipped bit is found`() throws {
        let results = try ResultFolder()
        let folder = try results.published()
        for name in ResultFolder.files.keys.sorted() {
            let path = URL(filePath: folder.pushing(FilePath(name)).string)
            let sound = try Data(contentsOf: path)
            for bit in stride(from: 0, to: 8 * sound.count, by: max(1, sound.count / 32)) {
                var damaged = sound
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                try damaged.write(to: path)
                #expect(try ResultCheck.run(folder).changed.map(\.path) == [name], "bit \(bit)")
            }
            try sound.write(to: path)
        }
        #expect(try ResultCheck.run(folder).isSound)
    }

    @Test func `a link in the place of a file is a change, and is not followed`() throws {
        let results = try ResultFolder()
        let folder = try results.published()
        try Syscalls.rename(folder.appending("run.log"), to: FilePath(results.folder.path + "/log"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending("run.log").string,
            withDestinationPath: results.folder.path + "/log")
        #expect(try ResultCheck.run(folder).changed.map(\.path) == ["run.log"])
    }

    @Test func `the first form is whole, and has nothing to compare`() throws {
        let results = try ResultFolder()
        try results.write("layerfold-results 1\n", results.partial.appending("DONE"))
        let check = try ResultCheck.run(results.partial)
        #expect(check.isSound)
        #expect(!check.hasDigests)
        #expect(check.fileCount == 4)
        #expect(try Publication(results.partial).done() == .whole)
    }

    @Test func `a list outlives any name of a file`() throws {
        let digest = String(repeating: "0f", count: 32)
        let files = ["a b", "a\nb", "back\\slash", "é/ü", "a/b.c"].map {
            ResultFile(path: $0, byteCount: 7, sha256: digest)
        }
        let text = DoneRecord.text(of: files)
        #expect(text.split(separator: "\n").count == 6)
        guard case .files(let read) = try DoneRecord(text: text, of: "f") else {
            Issue.record("no list")
            return
        }
        #expect(Set(read.map(\.path)) == Set(files.map(\.path)))
    }

    @Test func `a name may end or begin with what joins the separator beside it`() throws {
        let results = try ResultFolder()
        try Syscalls.makeFolders(results.partial.appending("m"))
        // As Characters CR LF is one, and so is a space, or a slash, with an accent behind it.
        for name in ["m/a\r", "m/b", "m/\u{301}c", "\u{301}d"] {
            try results.write(name, results.partial.pushing(FilePath(name)))
        }
        let check = try ResultCheck.run(try results.published())
        #expect(check.isSound)
        #expect(check.fileCount == 8)
        let digest = String(repeating: "0f", count: 32)
        #expect(throws: DoneFault.self) {
            try DoneRecord(text: "layerfold-results 2\n\(digest) 7 a/../\u{301}b\n", of: "f")
        }
    }

    @Test func `what is no list is refused with its line`() throws {
        let digest = String(repeating: "0f", count: 32)
        for (text, line) in [
            ("", 1), ("results\n", 1), ("layerfold-results 2\nx\n", 2),
            ("layerfold-results 2\n\(digest) 7 a\n\(digest) -1 b\n", 3),
            ("layerfold-results 2\n\(digest) 7 ../a\n", 2),
            ("layerfold-results 2\n\(digest) 7 /etc/passwd\n", 2),
            ("layerfold-results 2\n\(digest) 7 a/../../b\n", 2),
            ("layerfold-results 2\n\(digest) 7 a\\x\n", 2),
            ("layerfold-results 2\n\(digest.dropLast()) 7 a\n", 2),
        ] {
            let error = #expect(throws: DoneFault.self, "\(text)") {
                try DoneRecord(text: text, of: "f")
            }
            guard case .damaged(_, let found, _)? = error else {
                Issue.record("\(text): \(String(describing: error))")
                continue
            }
            #expect(found == line, "\(text)")
        }
        #expect(throws: DoneFault.newer(folder: "f", form: "layerfold-results 3")) {
            try DoneRecord(text: "layerfold-results 3\nanything\n", of: "f")
        }
    }
}
