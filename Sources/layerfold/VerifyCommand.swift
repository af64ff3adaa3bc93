// `layerfold verify`: whether results are what was put in place. Reads them itself, with the rights
// of whoever asks; a daemon is needed only to find results that no folder of ours tells of.

import ArgumentParser
import Client
import Failures
import Foundation
import Jobs
import Publication
import SystemPackage

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare results with the digests in their DONE.",
        discussion: """
            Every file is read; what is missing, changed or not of the results is told. Ends with 6 \
            where anything is; else, where results of a job cannot be looked at, with why.
            """)

    @Argument(help: "Jobs (ids, their beginnings, names, `latest`) or folders of results.")
    var jobs: [String]
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    private struct Listing: Encodable {
        let job: String
        let folder: String
        let files: Int
        let bytes: Int
        let isSound: Bool
        let hasDigests: Bool
        let findings: [String]
    }

    func run() throws {
        var listings: [Listing] = []
        var failures: [Failure] = []
        for job in jobs {
            do {
                let found = try listing(job)
                listings.append(found)
                if !json { tell(found) }
            } catch {
                // One that is gone must not keep silent about those that are damaged.
                let failure =
                    error as? Failure
                    ?? Failure(ExitStatus(of: error), FaultText.describe(error))
                failures.append(failure)
                if jobs.count > 1 { Terminal.error("layerfold: \(failure.message)") }
            }
        }
        if json {
            if jobs.count > 1 {
                try Terminal.json(listings)
            } else if let only = listings.first {
                try Terminal.json(only)
            }
        }
        try end(broken: listings.count { !$0.isSound }, failures)
    }

    /// Damage comes before what could not be looked at.
    private func end(broken: Int, _ failures: [Failure]) throws {
        if jobs.count == 1, let only = failures.first { throw only }
        let damaged = broken + failures.count { $0.status == .integrity }
        if damaged > 0 {
            throw Failure(
                .integrity,
                jobs.count == 1
                    ? "the results are not what they were"
                    : "\(damaged) of \(jobs.count) results are not what they were")
        }
        guard let first = failures.first else { return }
        throw Failure(
            first.status, "\(failures.count) of \(jobs.count) results could not be looked at")
    }

    private func listing(_ job: String) throws -> Listing {
        let folder = try folder(job)
        let check: ResultCheck
        do {
            check = try ResultCheck.run(folder)
        } catch let fault as DoneFault {
            if case .missing = fault { throw Failure(.notFound, fault.description) }
            throw Failure(.integrity, fault.description)
        }
        return Listing(
            job: job, folder: folder.string, files: check.fileCount, bytes: check.byteCount,
            isSound: check.isSound, hasDigests: check.hasDigests,
            findings: check.missing.map { "\($0): is missing" }
                + check.changed.map { "\($0.path): \($0.reason)" }
                + check.extra.map { "\($0): was not among the results" }
                + check.unread.map { "\($0.path): cannot be read: \($0.reason)" })
    }

    /// A folder itself, one below the state folder, or where the daemon says.
    private func folder(_ job: String) throws -> FilePath {
        let named = NamedFile.expanded(job)
        if FileManager.default.fileExists(atPath: named.appending(Publication.doneName).string) {
            return named
        }
        do {
            return FilePath(try ResultPlace.folder(job, state: daemon.place.state).path)
        } catch let missing as Failure where missing.status == .notFound {
            return try folder(missing, askingFor: job)
        }
    }

    /// - Parameter missing: what is said where the daemon knows nothing either.
    private func folder(_ missing: Failure, askingFor job: String) throws -> FilePath {
        let detail: JobDetail
        do {
            guard let id = try daemon.access.ids(of: [job]).first else { throw missing }
            detail = try daemon.ask { try $0.job(id) }
        } catch let failure as Failure {
            switch failure.status {
            case .notFound: throw missing
            case .unreachable:
                throw Failure(.notFound, "\(missing.message); \(failure.message)")
            default: throw failure
            }
        }
        guard let folder = detail.resultsDirectory else {
            throw Failure(.notFound, "job \(detail.summary.id) has no results")
        }
        return FilePath(folder)
    }

    private func tell(_ listing: Listing) {
        for finding in listing.findings { Terminal.line(TextTable.oneLine(finding)) }
        let verdict =
            !listing.isSound
            ? "NOT what they were"
            : listing.hasDigests
                ? "as they were"
                : "nothing to compare: an earlier version wrote DONE without digests"
        Terminal.line("\(listing.job): \(listing.files) files, \(listing.bytes) bytes: \(verdict)")
    }
}
