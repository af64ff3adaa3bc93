// What the daemon is told: flags over environment over settings file over defaults. A reload makes
// another one.

import Glibc
package import HTTP
package import Jobs
import Locations
package import Store
package import SystemPackage

package struct DaemonConfiguration: Sendable {
    package var folders: StateFolders
    /// Models lie below these. Default: `<state>/models`.
    package var modelRoots: [FilePath]
    /// Calibration and evaluation data lie below these. Default: `<state>/data`.
    package var dataRoots: [FilePath]
    /// The program that is started as `worker`. Default: `layerfold` beside the daemon.
    package var worker: FilePath
    package var workerArguments = ["worker"]
    /// Where the service manager starts workers in units of their own; nil for children only.
    package var workerSocket: FilePath?
    /// The inbox is looked through this often even if no event tells to. Default: 30 s.
    package var rescanInterval: Duration = .seconds(30)
    /// A file that was not moved in whole is taken once it has not changed for this long.
    /// Default: 2 s.
    package var settleTime: Duration = .seconds(2)
    /// Between SIGTERM and SIGKILL to a worker. Default: 30 s.
    package var grace: Duration = .seconds(30)
    /// When a worker that shows no sign of work is made to end.
    package var supervision = SupervisionLimits()
    package var limits = QueueLimits()
    /// Unfinished jobs; manifests beyond that stay in the inbox. Default: 10,000.
    package var jobsMax = 10_000
    /// Of these, of one user: one alone cannot fill the server. Default: 1,000.
    package var jobsPerUser = 1_000
    /// How long a job waits before a forecast is made of it, in case it may start beside others.
    package var planPatience: Duration = .seconds(2)
    /// Forecasts that are worked out at once, beside the queue.
    package var forecastsMax = 2
    /// How long one may take. Default: 5 minutes, in which 100 GB of a new model are hashed.
    package var forecastTime: Duration = .seconds(300)
    /// How much of the disk the store may take, and how often that is looked at.
    package var cacheLimits = CacheLimits()
    package var cacheInterval: Duration = .seconds(600)
    /// Its members may change jobs of others.
    package var adminGroup = DaemonConfiguration.usualAdminGroup
    /// Whether people see their own jobs and results only.
    package var isPrivate = false
    package var clock = DaemonClock.system
    /// Whom the system knows.
    package var directory = Directory.system
    /// Which results are removed after a while; nil: none.
    package var retention: RetentionRule?
    /// The most that results of one user may take, in bytes; nil: no limit.
    package var resultsPerUser: Int?
    /// Where the metrics are written for node_exporter; nil: nowhere.
    package var metricsFile: FilePath?
    /// Whether nobody needs to be known to read the metrics.
    package var isMetricsOpen = false
    /// Where it listens over TCP. Default: nowhere.
    package var listen: [SocketAddress] = []
    /// What all addresses begin with: empty, or such as `/layerfold`.
    package var basePath = ""
    /// Names by which browsers may ask, besides `localhost` and addresses.
    package var hosts: [String] = []
    package var proxy: ProxySettings?
    /// What people may be told, and how; nil: nobody is told anything.
    package var notify: NotifySettings?
    /// Other machines that take work; nil: there are none.
    package var cluster: ClusterSettings?
    /// Where jobs run that do not say it.
    package var runOn = JobDescription.RunPlace.local

    static let usualAdminGroup = "layerfold-admin"

    package init(
        folders: StateFolders, modelRoots: [FilePath], dataRoots: [FilePath], worker: FilePath
    ) {
        self.folders = folders
        self.modelRoots = modelRoots
        self.dataRoots = dataRoots
        self.worker = worker
    }

    /// - Parameters:
    ///   - settings: what was said, flags and environment already over the file.
    ///   - state: the state folder where nothing was said.
    ///   - program: the daemon's own executable.
    package init(_ settings: ServerSettings, defaultState state: String, program: FilePath) {
        let state = FilePath(settings.stateDirectory ?? state)
        folders = StateFolders(state: state, inbox: settings.inbox.map { FilePath($0) })
        modelRoots = settings.modelRoots?.map { FilePath($0) } ?? [state.appending("models")]
        dataRoots = settings.dataRoots?.map { FilePath($0) } ?? [state.appending("data")]
        worker =
            settings.worker.map { FilePath($0) }
            ?? program.removingLastComponent().appending("layerfold")
        workerSocket = settings.workerSocket.map { FilePath($0) }
        if let seconds = settings.rescanSeconds { rescanInterval = .seconds(seconds) }
        if let seconds = settings.settleSeconds { settleTime = .seconds(seconds) }
        if let seconds = settings.graceSeconds { grace = .seconds(seconds) }
        retention = settings.retention
        resultsPerUser = settings.resultsPerUser
        metricsFile = settings.metricsFile.map { FilePath($0) }
        isMetricsOpen = settings.isMetricsOpen ?? isMetricsOpen
        notify = settings.notify
        cluster = settings.cluster
        runOn = settings.runOn ?? .local
        if let patience = settings.stagePatience { supervision.patience = patience }
        adminGroup = settings.adminGroup ?? adminGroup
        isPrivate = settings.isPrivate ?? isPrivate
        if let cache = settings.cache { cacheLimits = CacheLimits(cache) }
        limits = QueueLimits(settings, machineBytes: Self.machineBytes)
        if let count = settings.jobsPerUser { jobsPerUser = count }
        listen = (settings.listen ?? []).compactMap { listen in
            guard let address = IPAddress(listen.host), let port = UInt16(exactly: listen.port)
            else { return nil }
            return SocketAddress(address: address, port: port)
        }
        basePath = settings.basePath ?? ""
        hosts = settings.hosts ?? []
        proxy = settings.proxy
    }

    /// Segments of the base path.
    var basePathParts: [String] { basePath.split(separator: "/").map(String.init) }

    /// The machine's memory.
    private static var machineBytes: Int {
        Int(clamping: sysconf(Int32(_SC_PHYS_PAGES)))
            * Int(clamping: sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Which paths manifests may name.
    package var pathRule: PathRule {
        .below(modelRoots: modelRoots.map(\.string), dataRoots: dataRoots.map(\.string))
    }

    /// Which wishes manifests may hold.
    package var notifyRule: NotifyRule { notify?.rule ?? .nothing }

    /// Looks for what a job names, as the worker will.
    var preflight: Preflight {
        Preflight(
            models: ModelLocator(roots: modelRoots), data: .below(dataRoots),
            results: folders.results)
    }
}

extension CacheLimits {
    /// What the settings say over the defaults.
    init(_ settings: CacheSettings) {
        self.init()
        size = settings.size
        if let high = settings.high { self.high = high }
        if let low = settings.low { self.low = low }
        // Who lowers the one means both.
        low = min(low, high)
        freeFloor = settings.freeFloor
    }
}
