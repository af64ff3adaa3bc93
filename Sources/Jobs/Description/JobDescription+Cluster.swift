// Where a job is computed, and what it asks a cluster for. No part of any action's key: the same
// stages give the same bytes wherever they run.

import Catalogue

extension JobDescription {
    package enum RunPlace: String, Sendable, Codable, CaseIterable {
        /// Workers of the daemon's own machine.
        case local
        /// Units of work, sent to a queue that other machines take from.
        case slurm
    }

    /// What a job asks the cluster for; where it is silent, the daemon's settings or the forecast
    /// say it.
    package struct Resources: Sendable, Equatable {
        package var account: String?
        package var partition: String?
        package var qos: String?
        /// The longest that one unit of work may take, in minutes.
        package var minutes: Int?
        /// Of one unit of work, in bytes.
        package var memoryBytes: Int?
        package var cpus: Int?
        package var constraint: String?
        /// More options of the submit command, such as `--gres=gpu:1`.
        package var extra: [String]

        package init(
            account: String? = nil, partition: String? = nil, qos: String? = nil,
            minutes: Int? = nil, memoryBytes: Int? = nil, cpus: Int? = nil,
            constraint: String? = nil, extra: [String] = []
        ) {
            self.account = account
            self.partition = partition
            self.qos = qos
            self.minutes = minutes
            self.memoryBytes = memoryBytes
            self.cpus = cpus
            self.constraint = constraint
            self.extra = extra
        }

        /// These, and `others` where these are silent.
        package func over(_ others: Resources) -> Resources {
            Resources(
                account: account ?? others.account, partition: partition ?? others.partition,
                qos: qos ?? others.qos, minutes: minutes ?? others.minutes,
                memoryBytes: memoryBytes ?? others.memoryBytes, cpus: cpus ?? others.cpus,
                constraint: constraint ?? others.constraint, extra: others.extra + extra)
        }

        /// Options that a manifest may give: what decides where and when, never what runs, as whom,
        /// or which files are written.
        package static let extraOptions = [
            "--cores-per-socket", "--exclude", "--exclusive", "--gpus", "--gpus-per-node", "--gres",
            "--hint", "--licenses", "--nice", "--nodelist", "--prefer", "--reservation",
            "--sockets-per-node", "--spread-job", "--threads-per-core",
        ]

        /// Of these, what stands without a value as well: all others would take the next option
        /// for theirs.
        package static let bareOptions: Set<String> = ["--exclusive", "--nice", "--spread-job"]
    }
}

extension JobDescription.Resources: Codable {
    private enum CodingKeys: String, CodingKey {
        case account, partition, qos, time, memory, cpus, constraint, extra
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        account = try container.decodeIfPresent(String.self, forKey: .account)
        partition = try container.decodeIfPresent(String.self, forKey: .partition)
        qos = try container.decodeIfPresent(String.self, forKey: .qos)
        minutes = try container.decodeIfPresent(String.self, forKey: .time).map {
            guard let minutes = MinuteCount.parse($0) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .time, in: container, debugDescription: "no time: \($0)")
            }
            return minutes
        }
        memoryBytes = try container.decodeIfPresent(Int.self, forKey: .memory)
        cpus = try container.decodeIfPresent(Int.self, forKey: .cpus)
        constraint = try container.decodeIfPresent(String.self, forKey: .constraint)
        extra = try container.decodeIfPresent([String].self, forKey: .extra) ?? []
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(account, forKey: .account)
        try container.encodeIfPresent(partition, forKey: .partition)
        try container.encodeIfPresent(qos, forKey: .qos)
        try container.encodeIfPresent(minutes.map { "\($0)m" }, forKey: .time)
        try container.encodeIfPresent(memoryBytes, forKey: .memory)
        try container.encodeIfPresent(cpus, forKey: .cpus)
        try container.encodeIfPresent(constraint, forKey: .constraint)
        if !extra.isEmpty { try container.encode(extra, forKey: .extra) }
    }
}

/// A time as people write it for a queue: `90m`, `4h`, `2d`.
package enum MinuteCount {
    /// A year.
    package static let most = 525_600
    /// A unit is told to end before its time is over, and the queue itself counts in half
    /// minutes: what is shorter has no time to do anything.
    package static let leastAsked = 5

    /// - Returns: nil for what is no time from one minute to a year.
    package static func parse(_ text: String) -> Int? {
        let factors: [Character: Int] = ["m": 1, "h": 60, "d": 1_440]
        guard let unit = text.last, let factor = factors[unit] else { return nil }
        let digits = text.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(digits), number >= 1, number <= most / factor
        else { return nil }
        return number * factor
    }
}
