// The keys `run_on` and `resources`.

import Catalogue

extension ManifestParser {
    /// nil where the manifest leaves it to the daemon.
    func runPlace(_ field: Field?) throws -> JobDescription.RunPlace? {
        try field.map { try ResourceFields.place($0) }
    }

    /// nil where the manifest has none.
    func resources(
        _ field: Field?, beside place: JobDescription.RunPlace?
    ) throws -> JobDescription.Resources? {
        guard let field else { return nil }
        guard place != .local else {
            throw field.error(
                "resources are asked of a cluster", found: "run_on: local",
                hint: "write `run_on: slurm`, or take `resources` out")
        }
        return try ResourceFields.resources(
            field, extraOptions: JobDescription.Resources.extraOptions)
    }
}

/// Read alike in manifests and in the daemon's settings.
enum ResourceFields {
    static func place(_ field: Field) throws -> JobDescription.RunPlace {
        let word = try field.choice(
            of: JobDescription.RunPlace.allCases.map(\.rawValue), called: "place to run on")
        return JobDescription.RunPlace(rawValue: word) ?? .local
    }

    static let keys = [
        "account", "partition", "qos", "time", "memory", "cpus", "constraint", "extra",
    ]

    /// - Parameter extraOptions: those that may be given; nil: any.
    static func resources(
        _ field: Field, extraOptions: [String]?
    ) throws -> JobDescription.Resources {
        let map = try FieldMap(field, "a mapping, such as `partition: long`")
        try map.refuseUnknown(besides: keys, in: "resources")
        return try resources(map, extraOptions: extraOptions)
    }

    static func resources(
        _ map: FieldMap, extraOptions: [String]?
    ) throws -> JobDescription.Resources {
        JobDescription.Resources(
            account: try map["account"].map(word), partition: try map["partition"].map(word),
            qos: try map["qos"].map(word), minutes: try map["time"].map(minutes),
            memoryBytes: try map["memory"].map { try ByteCount.parse($0, example: "48G") },
            cpus: try map["cpus"]?.integer(in: 1...4_096),
            constraint: try map["constraint"].map(word),
            extra: try map["extra"].map { try extra($0, extraOptions) } ?? [])
    }

    /// A word of the queue's: it becomes a part of one argument, and never meets a shell.
    private static func word(_ field: Field) throws -> String {
        let expected = "1 to 200 characters without spaces, not beginning with -"
        let text = try field.text(expected)
        guard (1...200).contains(text.utf8.count), text.first != "-",
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw field.error("not a word", expected: expected, found: field.node.found)
        }
        return text
    }

    private static func minutes(_ field: Field) throws -> Int {
        let expected = "a time such as 90m, 4h or 2d, at least \(MinuteCount.leastAsked)m"
        guard let minutes = MinuteCount.parse(try field.text(expected)) else {
            throw field.error("no time", expected: expected, found: field.node.found)
        }
        guard minutes >= MinuteCount.leastAsked else {
            throw field.error(
                "a unit is told to end before its time is over, and would do nothing in this",
                expected: expected, found: field.node.found,
                hint: "write \(MinuteCount.leastAsked)m or more, or take `time` out")
        }
        return minutes
    }

    private static func extra(_ field: Field, _ options: [String]?) throws -> [String] {
        try field.list("a list of options", countMax: ManifestLimits.entriesMax).map { item in
            let text = try item.text("an option such as --gres=gpu:1")
            let name = String(text.prefix { $0 != "=" })
            guard name.hasPrefix("--"), name.utf8.count > 2, text.utf8.count <= 500,
                text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
            else {
                throw item.error(
                    "not an option", expected: "--NAME or --NAME=VALUE", found: item.node.found)
            }
            if let options, !options.contains(name) {
                throw item.error(
                    "a manifest may not give this option",
                    expected: options.joined(separator: ", "),
                    found: item.node.found,
                    hint: "an administrator can add it to `cluster: extra` of the settings")
            }
            guard
                options == nil || JobDescription.Resources.bareOptions.contains(name)
                    || text.utf8.count > name.utf8.count + 1
            else {
                throw item.error(
                    "an option without its value takes the next one for it",
                    expected: "\(name)=VALUE", found: item.node.found)
            }
            // With a slash Slurm reads a file, as the user who submits.
            guard
                options == nil || !["--nodelist", "--exclude"].contains(name)
                    || !text.contains("/")
            else {
                throw item.error(
                    "a list of nodes in a file", expected: "\(name)=n1,n2", found: item.node.found)
            }
            return text
        }
    }
}
