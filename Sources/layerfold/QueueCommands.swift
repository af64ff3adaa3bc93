// Verbs that change the daemon's queue: submit, cancel, retry, rerun, and for the owner of a job
// and for admins hold, release, priority, rm.

import ArgumentParser
import Catalogue
import Client
import Foundation
import Jobs
import Runner

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Hand a job file to the daemon; prints the job's id.",
        discussion: """
            With --dry-run the daemon says what the job would compute and take, as `layerfold plan` \
            does, and queues nothing.
            """)

    @Argument(help: "The job file; - for standard input.") var job: String
    @OptionGroup var daemon: DaemonPlace
    @OptionGroup var patience: PatienceOption
    @Flag(help: "Wait until the job ends.") var wait = false
    @Flag(help: "Only show what the job would do and take.") var dryRun = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if wait && dryRun { throw ValidationError("--dry-run queues nothing to --wait for") }
    }

    func run() throws {
        let manifest = try NamedFile.read(job)
        let name = Manifest.name(of: job)
        if dryRun { return try plan(manifest, name) }
        let receipt = try daemon.ask(about: job) { try $0.submit(manifest: manifest, name: name) }
        try receipt.tell(daemon, patience, wait: wait, json: json)
    }

    private func plan(_ manifest: Data, _ name: String) throws {
        let answer = try daemon.ask(about: job) { try $0.plan(manifest: manifest, name: name) }
        try JSONDecoder().decode(JobForecast.self, from: answer).tell(json: json)
    }
}

extension JobReceipt {
    /// The id on standard output; with `wait` the job's end on standard error.
    fileprivate func tell(
        _ daemon: DaemonPlace, _ patience: PatienceOption, wait: Bool, json: Bool
    ) throws {
        if json { try Terminal.json(self) } else { Terminal.line(id) }
        guard wait else { return }
        let detail = try JobWait(PatientDaemon(daemon.access, patience)).follow(id)
        JobWait.ending(of: detail, width: Terminal.width(of: STDERR_FILENO))
            .forEach(Terminal.error)
    }
}

/// Jobs to which one thing is done.
struct JobsArgument: ParsableArguments {
    @Argument(help: "Jobs: ids, their beginnings, names or `latest`.") var jobs: [String]
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    /// - Parameter body: is given each job's id.
    func each(_ body: (DaemonClient, String) throws -> JobReceipt) throws {
        try daemon.each(jobs, json: json, body)
    }
}

extension DaemonPlace {
    /// As `JobsArgument.each`, for verbs that have more options between those.
    fileprivate func each(
        _ jobs: [String], json: Bool, _ body: (DaemonClient, String) throws -> JobReceipt
    ) throws {
        try Receipts.print(try access.ids(of: jobs), json: json) { id in
            try ask { try body($0, id) }
        }
    }
}

struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel jobs; what they finished stays in the cache.")

    @Argument(help: "Jobs: ids, their beginnings, names or `latest`.") var jobs: [String] = []
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "All of mine that wait in the queue.") var allQueued = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard jobs.isEmpty == allQueued else {
            throw ValidationError(
                allQueued ? "name jobs, or --all-queued, not both" : "name a job, or --all-queued")
        }
    }

    func run() throws {
        guard allQueued else {
            return try daemon.each(jobs, json: json) { try $0.cancel($1) }
        }
        // Others' jobs are not mine to cancel; an admin names them.
        var query = JobQuery()
        query.states = [.queued]
        query.user = UserName.own
        let (queued, _) = try Pages.gather(nil) { _ in
            let page = try daemon.ask { try $0.page(query) }
            query.after = page.next.flatMap(JobCursor.init)
            return (page.jobs.map(\.id), page.next != nil)
        }
        try Receipts.print(queued, json: json, isList: true) { id in
            try daemon.ask { try $0.cancel(id) }
        }
    }
}

struct RetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Queue failed or cancelled jobs again.")

    @OptionGroup var jobs: JobsArgument

    func run() throws { try jobs.each { try $0.retry($1) } }
}

struct RerunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerun", abstract: "Submit a job again, as it is or smaller or larger.",
        discussion: "A new job with the same manifest. What is alike comes from the cache.")

    @Argument(help: "A job: an id, its beginning, a name or `latest`.") var job: String
    @Option(help: "Share of layers to remove, instead of those of the job; may be repeated.")
    var ratio: [Double] = []
    @OptionGroup var budget: BudgetOptions
    @Option(help: "A name for the new job.") var name: String?
    @OptionGroup var daemon: DaemonPlace
    @OptionGroup var patience: PatienceOption
    @Flag(help: "Wait until the job ends.") var wait = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let id = try daemon.access.ids(of: [job])[0]
        guard var description = try daemon.ask({ try $0.job(id) }).record?.description else {
            throw Failure(.notFound, "the daemon does not know what job \(id) asked for any more")
        }
        let budget = try budget.read(besides: ratio.isEmpty ? nil : "--ratio")
        if budget != nil || !ratio.isEmpty {
            let chosen = description.compress.indices.filter {
                let entry = description.compress[$0]
                return budget == nil
                    ? !entry.ratios.isEmpty || entry.budget != nil
                    : Offer.method(entry.method)?.takesBudget ?? false
            }
            guard !chosen.isEmpty else {
                throw Failure(
                    .refused,
                    "no method of job \(id) takes \(budget == nil ? "ratios" : "a budget")")
            }
            for index in chosen {
                description.compress[index].ratios = ratio
                description.compress[index].budget = budget
            }
        }
        description.name = name ?? description.name
        // The daemon reads it as any manifest, so that a wrong ratio is refused with its words.
        let manifest = try JobJSON.encodePretty(description)
        let receipt = try daemon.ask {
            try $0.submit(manifest: manifest, name: description.name)
        }
        try receipt.tell(daemon, patience, wait: wait, json: json)
    }
}

struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Let jobs wait until they are released.",
        discussion: "What an admin holds, only an admin releases.")

    @OptionGroup var jobs: JobsArgument

    func run() throws { try jobs.each { try $0.hold($1) } }
}

struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Let held jobs go on waiting for their turn.")

    @OptionGroup var jobs: JobsArgument

    func run() throws { try jobs.each { try $0.release($1) } }
}

struct PriorityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "priority", abstract: "Give jobs that wait another priority.",
        discussion: "Higher ones start earlier; jobs have 0 where nothing is said.")

    @Argument(help: "Jobs: ids, their beginnings, names or `latest`.") var jobs: [String]
    // An option, so that a number below 0 is no option itself: `--to=-5`.
    @Option(help: "The priority; below 0 as `--to=-5`.") var to: Int
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        try daemon.each(jobs, json: json) { try $0.setPriority($1, to: to) }
    }
}

struct RemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove the results of jobs, or the jobs themselves.",
        discussion: "Says how many bytes that frees. What is in the cache stays.")

    @Argument(help: "Jobs: ids, their beginnings or names.") var jobs: [String]
    @Flag(help: "The results; the job stays in the list. The default.") var results = false
    @Flag(help: "The job: its results, its files and its place in the list.") var job = false
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if results && job { throw ValidationError("--results or --job, not both") }
        if jobs.contains(JobName.latest) {
            throw ValidationError("`latest` may be another job by now: give its id or name")
        }
    }

    func run() throws {
        let part: RemovedPart = job ? .job : .results
        try Receipts.print(
            try daemon.access.ids(of: jobs), json: json,
            words: { (receipt: RemovalReceipt) in
                "\(receipt.what.rawValue) removed, \(receipt.freedBytes) bytes freed"
            },
            { id in try daemon.ask { try $0.remove(id, part) } })
    }
}
