// Verbs that look at the daemon's jobs: ls, show, diff.

import ArgumentParser
import Client
import Foundation
import Jobs
import Report

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the daemon's jobs: what runs, what waits, then what ended last.",
        discussion: "--state takes two kinds of words: states of jobs, and the state folder.")

    private static let states = JobState.allCases.map(\.rawValue)

    @Option(
        help: ArgumentHelp(
            "Only jobs in this state (\(ListCommand.states.joined(separator: ", "))), may be repeated; or the "
                + "daemon's state folder."))
    var state: [String] = []
    @Option(help: "The daemon's socket; <state>/run/layerfoldd.sock where left out.")
    var socket: String?
    @Flag(help: "Only my jobs.") var mine = false
    @Option(help: "Only jobs of this user: a name or a number.") var user: String?
    // Also of a number below 0, so that `validate` tells what is wrong with it.
    @Option(parsing: .unconditional, help: "So many at most. Default: 20, and all with --json.")
    var limit: Int?
    @Option(help: "Go on where an earlier list ended, as that said.") var after: String?
    @Flag(help: "Whole ids, models and messages.") var wide = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit \(limit): expected 1 or more") }
        if mine && user != nil { throw ValidationError("--mine or --user, not both") }
        if let after, JobCursor(after) == nil {
            throw ValidationError("--after \(after): expected what an earlier list said")
        }
    }

    func run() throws {
        let folders = state.filter { !Self.states.contains($0) }
        guard folders.count <= 1 else {
            throw Failure(
                .usage, "--state: at most one folder, found \(folders.joined(separator: ", "))")
        }
        let daemon = DaemonAccess(state: folders.first ?? StatePlace.usual, socket: socket)
        var query = JobQuery()
        query.states = state.compactMap(JobState.init(rawValue:))
        query.user = mine ? UserName.own : try user.map(UserName.number)
        query.after = after.flatMap(JobCursor.init)
        let list: JobList
        do {
            let (jobs, _) = try Pages.gather(limit ?? (json ? nil : 20)) { rest in
                query.limit = min(rest, JobQuery.limitMax)
                let page = try daemon.ask { try $0.page(query) }
                query.after = page.next.flatMap(JobCursor.init)
                return (page.jobs, page.next != nil)
            }
            list = JobList(jobs: jobs, next: query.after?.text)
        } catch let failure as Failure where failure.status == .unreachable {
            // A mistyped state looks like a folder that is not there.
            let near = folders.first.flatMap { Spelling.nearest(to: $0, in: Self.states) }
            guard let near, let folder = folders.first, !folder.contains("/") else { throw failure }
            throw Failure(
                .usage, "--state \(folder): no state of jobs; did you mean `\(near)`?")
        }
        if json { return try Terminal.json(list) }
        let now = Int(Date.now.timeIntervalSince1970 * 1000)
        Terminal.table(JobText.list(list.jobs, now: now, isWide: wide))
        if let next = list.next {
            Terminal.error("others are left out; --limit shows more, --after \(next) goes on")
        }
    }
}

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show jobs: what was asked, how it stands, where things lie."
    )

    @Argument(help: "Jobs: ids, their beginnings, names or `latest`.") var jobs: [String]
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON, with the whole manifest.") var json = false

    func run() throws {
        let details = try daemon.access.ids(of: jobs).map { id in
            try daemon.ask { try $0.job(id) }
        }
        if json {
            return try details.count == 1 ? Terminal.json(details[0]) : Terminal.json(details)
        }
        let now = Int(Date.now.timeIntervalSince1970 * 1000)
        for (index, detail) in details.enumerated() {
            if index > 0 { Terminal.line() }
            Terminal.table(JobText.show(detail, now: now), hasHeader: false)
        }
    }
}

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare two jobs: what was asked, and what came out.")

    @Argument(help: "A job: an id, its beginning, a name or `latest`.") var first: String
    @Argument(help: "Another.") var second: String
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let sides = try [first, second].map { word in
            let id = try daemon.access.ids(of: [word])[0]
            return try JobDiff.Side(try daemon.ask { try $0.job(id) })
        }
        let reasons = sides.compactMap(\.reason)
        for reason in reasons { Terminal.error("layerfold: \(reason)") }
        let differences = JobDiff.differences(sides[0], sides[1])
        if json { return try Terminal.json(differences) }
        guard !differences.isEmpty else {
            return Terminal.line(
                reasons.isEmpty
                    ? "the manifests and the figures are the same" : "the manifests are the same")
        }
        Terminal.table(
            [["", sides[0].id, sides[1].id]]
                + differences.map { [$0.what, $0.first ?? "-", $0.second ?? "-"] })
    }
}
