// The daemon's settings file: YAML, read as strictly as a manifest and for the same reason.

import Catalogue
package import Foundation

/// What the settings file says; nil where it is silent. Flags and the environment go over it, and
/// the defaults, which the daemon knows, go under it.
package struct ServerSettings: Sendable, Equatable {
    package var stateDirectory: String?
    package var inbox: String?
    package var modelRoots: [String]?
    package var dataRoots: [String]?
    package var worker: String?
    package var workerSocket: String?
    package var rescanSeconds: Double?
    package var settleSeconds: Double?
    package var graceSeconds: Double?
    /// How many times longer than planned a stage may show no step.
    package var stagePatience: Double?
    package var cache: CacheSettings?
    /// Jobs that run at once, where memory allows.
    package var workers: Int?
    package var jobsPerUser: Int?
    package var shareHalfLifeDays: Double?
    /// For all workers together, in bytes.
    package var memoryBytes: Int?
    /// Members of this group may do what an administrator may.
    package var adminGroup: String?
    /// Whether people see their own jobs only.
    package var isPrivate: Bool?
    /// How long results stay; nil: until somebody removes them.
    package var retention: RetentionRule?
    /// The most that results of one user may take, in bytes; nil: no limit.
    package var resultsPerUser: Int?
    /// Where the metrics are written for node_exporter, now and then; nil: nowhere.
    package var metricsFile: String?
    /// Whether anybody who can connect may read the metrics.
    package var isMetricsOpen: Bool?
    /// Where it listens over TCP, besides its unix socket.
    package var listen: [ListenSetting]?
    /// What all addresses begin with, behind a proxy that serves others too: `/layerfold`.
    package var basePath: String?
    /// Names by which browsers ask for it.
    package var hosts: [String]?
    package var proxy: ProxySettings?
    /// What the server may send to people; nil: nothing.
    package var notify: NotifySettings?
    /// Other machines that take work; nil: there are none.
    package var cluster: ClusterSettings?
    /// Where jobs run that do not say it.
    package var runOn: JobDescription.RunPlace?

    package init() {}

    /// What may be said of these, in the file and by flags.
    package static let rescanSecondsRange = 0.01...86_400.0
    package static let settleSecondsRange = 0...3_600.0
    package static let graceSecondsRange = 0...3_600.0

    /// - Throws: `ManifestError` with line and column.
    package static func parse(bytes: Data) throws -> ServerSettings {
        // All is left out, as in a file of comments only.
        if try ManifestReader.isBlank(bytes) { return ServerSettings() }
        let root = Field(node: try ManifestReader.read(bytes), path: "")
        let map = try FieldMap(root, "a mapping, such as `state: /var/lib/layerfoldd`")
        try map.refuseUnknown(
            besides: [
                "state", "inbox", "model_roots", "data_roots", "worker", "worker_socket",
                "rescan_seconds", "settle_seconds", "grace_seconds", "stage_patience", "cache",
                "workers", "jobs_per_user", "share_half_life_days", "memory", "admin_group",
                "private", "retention", "results_per_user", "listen", "listen_beyond_loopback",
                "base_path", "hosts", "proxy", "metrics_file", "metrics_open", "notify",
                "cluster", "run_on",
            ], in: "the settings")
        var settings = ServerSettings()
        settings.stateDirectory = try map["state"].map(absolutePath)
        settings.inbox = try map["inbox"].map(absolutePath)
        settings.modelRoots = try map["model_roots"].map(absolutePaths)
        settings.dataRoots = try map["data_roots"].map(absolutePaths)
        settings.worker = try map["worker"].map(absolutePath)
        settings.workerSocket = try map["worker_socket"].map(absolutePath)
        settings.rescanSeconds = try map["rescan_seconds"]?.number(in: rescanSecondsRange)
        settings.settleSeconds = try map["settle_seconds"]?.number(in: settleSecondsRange)
        settings.graceSeconds = try map["grace_seconds"]?.number(in: graceSecondsRange)
        settings.stagePatience = try map["stage_patience"]?.number(in: 1...10_000)
        settings.cache = try map["cache"].map { try CacheSettings($0) }
        settings.workers = try map["workers"]?.integer(in: 1...64)
        settings.jobsPerUser = try map["jobs_per_user"]?.integer(in: 1...10_000)
        settings.shareHalfLifeDays = try map["share_half_life_days"]?.number(in: 0.01...3_650)
        settings.memoryBytes = try map["memory"].map {
            try ByteCount.parse($0, example: "48GiB")
        }
        settings.adminGroup = try map["admin_group"].map(groupName)
        settings.isPrivate = try map["private"]?.flag()
        settings.retention = try map["retention"].map(RetentionRule.parse)
        settings.resultsPerUser = try map["results_per_user"].map { try ByteCount.parse($0) }
        settings.metricsFile = try map["metrics_file"].map(metricsPath)
        settings.isMetricsOpen = try map["metrics_open"]?.flag()
        let beyond = try map["listen_beyond_loopback"]?.flag() ?? false
        settings.listen = try map["listen"].map {
            try ListenSetting.parse($0, beyondLoopback: beyond)
        }
        settings.basePath = try map["base_path"].map(PublicName.basePath)
        settings.hosts = try map["hosts"]?.list("a list of names", countMax: 64)
            .map(PublicName.host)
        settings.proxy = try map["proxy"].map(ProxySettings.parse)
        settings.notify = try map["notify"].map { try NotifySettings($0) }
        settings.cluster = try map["cluster"].map { try ClusterSettings($0) }
        settings.runOn = try map["run_on"].map(ResourceFields.place)
        if settings.runOn == .slurm, settings.cluster == nil, let field = map["run_on"] {
            throw field.error(
                "there is no cluster", found: "run_on: slurm",
                hint: "add `cluster:`; an empty one, `cluster: {}`, takes what Slurm has by default"
            )
        }
        return settings
    }

    private static func groupName(_ field: Field) throws -> String {
        let name = try field.text("the name of a group")
        guard !name.isEmpty, name.utf8.count <= 256,
            name.allSatisfy({ $0.isLetter || $0.isNumber || "._-@\\$".contains($0) })
        else {
            throw field.error(
                "not a group", expected: "the name of a group", found: field.node.found)
        }
        return name
    }

    static func absolutePath(_ field: Field) throws -> String {
        let path = try field.text("a path that starts with /")
        guard path.hasPrefix("/"), PathRule.anywhere.refusal(of: path, under: .data) == nil else {
            throw field.error(
                "not an absolute path", expected: "a path that starts with /",
                found: field.node.found)
        }
        return path
    }

    /// node_exporter reads files of this ending only.
    private static func metricsPath(_ field: Field) throws -> String {
        let path = try absolutePath(field)
        guard path.hasSuffix(".prom") else {
            throw field.error(
                "not a file that node_exporter reads", expected: "a path that ends with .prom",
                found: field.node.found)
        }
        return path
    }

    private static func absolutePaths(_ field: Field) throws -> [String] {
        try field.list("a list of paths", countMax: ManifestLimits.entriesMax).map(absolutePath)
    }
}
