// `layerfold verify` on results of `layerfold run`, without a daemon.

import Foundation
import TestSupport
import Testing

@Suite("verify") struct VerifyTests {
    @Test func `results are compared with their digests, file by file`() throws {
        let (folder, job) = try Workshop.make()
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
        try #require(outcome.status == 0, "\(outcome.errors)")
        let report = URL(filePath: outcome.output.trimmingCharacters(in: .newlines))
        let results = report.deletingLastPathComponent()
        let sound = try layerfold("verify", results.path)
        #expect(sound.status == 0, "\(sound.errors)")
        #expect(sound.output.contains("as they were"))
        // The digests that the writer took are those of the files.
        let list = try String(contentsOf: results.appending(path: "DONE"), encoding: .utf8)
        for line in list.split(separator: "\n").dropFirst() {
            let parts = line.split(separator: " ", maxSplits: 2)
            let sum = try shell("sha256sum < '\(results.path)/\(parts[2])'").output
            #expect(sum.hasPrefix(parts[0]), "\(parts[2])")
        }
        // As CSV the report is the file itself, without a line behind its own end.
        let table = try String(contentsOf: results.appending(path: "report.csv"), encoding: .utf8)
        #expect(table.hasSuffix("\r\n"))
        let printed = try layerfold("report", results.path, "--csv").output
        #expect(printed.utf8.elementsEqual(table.utf8))
        let copy = folder.path + "/copy"
        try FileManager.default.copyItem(atPath: results.path, toPath: copy)
        let twice = try layerfold("compare", results.path, copy, "--csv")
        #expect(twice.status == 0, "\(twice.errors)")
        #expect(twice.output.hasSuffix("\r\n"))
        var bytes = try Data(contentsOf: report)
        bytes[bytes.count / 2] ^= 4
        try bytes.write(to: report)
        try Data("x".utf8).write(to: results.appending(path: "note"))
        let broken = try layerfold("verify", results.path, "--json")
        #expect(broken.status == 6)
        #expect(broken.output.contains("report.json: expected the digest"))
        #expect(broken.output.contains("note: was not among the results"))
        for job in [folder.path + "/none", "01HZZZZZZZZZZZZZZZZZZZZZZZ"] {
            let missing = try layerfold("verify", job, "--state", folder.path + "/s")
            #expect(missing.status == 3)
            #expect(missing.errors.contains("no results of `\(job)`"), "\(missing.errors)")
            #expect(missing.errors.contains("cannot be reached"), "why nobody else was asked")
        }
        // What is not there keeps silent about none before or behind it, nor about its code.
        func verify(_ jobs: String...) throws -> Outcome {
            try layerfold(["verify", "--state", folder.path + "/s"] + jobs)
        }
        let none = folder.path + "/none"
        let several = try verify(results.path, none, copy)
        #expect(several.status == 6, "\(several.errors)")
        #expect(several.output.contains("report.json: expected the digest"))
        #expect(several.output.contains("\(copy): ") && several.output.contains("as they were"))
        #expect(several.errors.contains("no results of `\(none)`"), "\(several.errors)")
        #expect(several.errors.contains("1 of 3 results are not"), "\(several.errors)")
        let gone = try verify(none, copy)
        #expect(gone.status == 3 && gone.output.contains("as they were"), "\(gone.errors)")
        try Data("torn".utf8).write(to: URL(filePath: copy + "/DONE"))
        let torn = try layerfold(
            "verify", none, copy, "--json", "--state", folder.path + "/s")
        #expect(torn.status == 6, "\(torn.errors)")
        #expect(try JSONSerialization.jsonObject(with: Data(torn.output.utf8)) is [Any])
    }
}
