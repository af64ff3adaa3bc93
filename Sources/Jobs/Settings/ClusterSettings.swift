// `cluster:` of the settings file: the queue of other machines, how it is spoken to, and what is
// asked of it.

import Catalogue

package struct ClusterSettings: Sendable, Equatable {
    /// A program with its first arguments. Each may be any program that takes the same arguments
    /// and answers in the same words as Slurm's, so that another queue can be fitted.
    package struct Commands: Sendable, Equatable {
        /// Gets options, the script on standard input; prints the identifier.
        package var submit = ["sbatch"]
        /// Prints a header and a line for each unit: `ID|NAME|STATE|REASON`.
        package var list = [
            "squeue", "--me", "--array", "--states=all", "-o", "%i|%j|%T|%r",
        ]
        /// Prints a line for each partition: `NAME|USUAL TIME|LONGEST TIME`, the usual one's name
        /// with a star. Where it cannot be run nothing is known of these.
        package var limits = ["sinfo", "--noheader", "-o", "%P|%L|%l"]
        /// Gets identifiers.
        package var cancel = ["scancel"]

        package init() {}
    }

    package var commands = Commands()
    /// Where somebody with a network runs the commands; nil: the daemon does so itself.
    package var socket: String?
    /// What every unit of work asks for unless its job says otherwise.
    package var resources = JobDescription.Resources()
    /// The time asked for is the forecast's, times this.
    package var timeFactor = 3.0
    /// Amounts of memory that are asked for, ascending, in bytes; empty: none is.
    package var memoryClasses: [Int] = []
    /// `layerfold` as the nodes see it; nil: where the daemon sees its worker.
    package var nodeWorker: String?
    /// Jobs that are at the cluster at once: of fewer, their chains leave nodes idle.
    package var jobs = 64
    /// Units of work that are in the queue at once, of all jobs: below the queue's own limit.
    package var units = 200
    /// Seconds between two looks at the queue.
    package var pollSeconds = 30.0
    /// How long what the queue calls finished may be without its file: a file system on the network
    /// shows it late.
    package var fileSeconds = 120.0

    package static let pollSecondsMin = 15.0

    package init() {}

    init(_ field: Field) throws {
        let own = [
            "submit", "list", "limits", "cancel", "socket", "time_factor", "memory_classes",
            "node_worker", "jobs", "units", "poll_seconds", "file_seconds",
        ]
        let map = try FieldMap(field, "a mapping, such as `partition: long`")
        try map.refuseUnknown(besides: own + ResourceFields.keys, in: "`cluster`")
        resources = try ResourceFields.resources(map, extraOptions: nil)
        if let words = try map["submit"].map(Self.command) { commands.submit = words }
        if let words = try map["list"].map(Self.command) { commands.list = words }
        if let words = try map["limits"].map(Self.command) { commands.limits = words }
        if let words = try map["cancel"].map(Self.command) { commands.cancel = words }
        socket = try map["socket"].map(ServerSettings.absolutePath)
        nodeWorker = try map["node_worker"].map(ServerSettings.absolutePath)
        if let factor = try map["time_factor"]?.number(in: 1...100) { timeFactor = factor }
        if let classes = map["memory_classes"] { memoryClasses = try Self.classes(classes) }
        if let count = try map["jobs"]?.integer(in: 1...10_000) { jobs = count }
        if let count = try map["units"]?.integer(in: 1...100_000) { units = count }
        if let time = try map["poll_seconds"]?.number(in: Self.pollSecondsMin...3_600) {
            pollSeconds = time
        }
        if let time = try map["file_seconds"]?.number(in: 0...3_600) { fileSeconds = time }
    }

    private static func command(_ field: Field) throws -> [String] {
        let words = try field.list("a command as a list of words", countMax: 64).map {
            try $0.text("a word")
        }
        guard let program = words.first, !program.isEmpty else {
            throw field.error("the list is empty", hint: "write [sbatch]")
        }
        return words
    }

    private static func classes(_ field: Field) throws -> [Int] {
        let classes = try field.list("a list of bytes, such as [16G, 64G]", countMax: 64).map {
            try ByteCount.parse($0, example: "16G")
        }
        guard zip(classes, classes.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw field.error("not ascending", hint: "write the smallest first")
        }
        return classes
    }
}
