// `layerfold verify`: whether results are what was put in place. Reads them itself: it needs the
// daemon only to find them.

import ArgumentParser
import Client
import Jobs
import Publication
import SystemPackage

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare the results of jobs with their digests.",
        discussion: "Every file is read and held against the list in DONE.")

    @Argument(help: "Jobs: ids, their beginnings, names or `latest`.") var jobs: [String]
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    private struct Listing: Encodable {
        let id: String
        let files: Int
        let bytes: Int
        let isSound: Bool
        let hasDigests: Bool
        let findings: [String]
    }

    func run() throws {
        let listings = try daemon.access.ids(of: jobs).map(listing)
        if json {
            try listings.count == 1 ? Terminal.json(listings[0]) : Terminal.json(listings)
        } else {
            listings.forEach { tell($0) }
        }
        let broken = listings.count { !$0.isSound }
        if broken > 0 {
            throw Failure(.integrity, "results of \(broken) of \(listings.count) jobs differ")
        }
    }

    private func listing(_ id: String) throws -> Listing {
        guard let folder = try daemon.ask({ try $0.job(id) }).resultsDirectory else {
            throw Failure(.notFound, "job \(id) has no results")
        }
        let check = try ResultCheck.run(FilePath(folder))
        return Listing(
            id: id, files: check.fileCount, bytes: check.byteCount, isSound: check.isSound,
            hasDigests: check.hasDigests,
            findings: check.missing.map { "\($0): is missing" }
                + check.changed.map { "\($0.path): \($0.reason)" }
                + check.extra.map { "\($0): was not among the results" }
                + check.unread.map { "\($0.path): cannot be read: \($0.reason)" })
    }

    private func tell(_ listing: Listing) {
        for finding in listing.findings { Terminal.line(TextTable.oneLine(finding)) }
        let verdict =
            !listing.isSound
            ? "NOT as they were"
            : listing.hasDigests ? "as they were" : "no digests, of an older version"
        Terminal.line("\(listing.id): \(listing.files) files, \(listing.bytes) bytes: \(verdict)")
    }
}
