// Verbs for the owner of a job and for admins: hold, release, priority, rm.

import ArgumentParser
import Client
import Jobs

struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Let jobs wait until they are released.",
        discussion: "What an admin holds, only an admin releases.")

    @Argument(help: "Jobs: ids, their beginnings, names or `latest`.") var jobs: [String]
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        try Receipts.print(try daemon.access.ids(of: jobs), json: json) { id in
            try daemon.ask { try $0.hold(id) }
        }
    }
}

struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Let held jobs go on waiting for their turn.")

    @Argument(help: "Jobs: ids, their beginnings, names or `latest`.") var jobs: [String]
    @OptionGroup var daemon: DaemonPlace
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        try Receipts.print(try daemon.access.ids(of: jobs), json: json) { id in
            try daemon.ask { try $0.release(id) }
        }
    }
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
        try Receipts.print(try daemon.access.ids(of: jobs), json: json) { id in
            try daemon.ask { try $0.setPriority(id, to: to) }
        }
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
        if jobs.contains("latest") {
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
