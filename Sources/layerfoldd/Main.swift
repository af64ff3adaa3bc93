// The daemon's command line: flags over environment over settings file, then `DaemonProgram`.

import ArgumentParser
import Catalogue
import Daemon
import Failures
import Foundation
import Jobs
import Logging
import SystemPackage

@main
struct LayerfoldDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layerfoldd",
        abstract: "Watches the inbox, runs compression jobs, and shows them.",
        discussion: "Flags go over the settings file, and that over the defaults. "
            + "SIGTERM stops cleanly: the running job goes back into the queue.",
        version: Product.version)

    @Option(help: "Settings file (YAML).")
    var config: String?

    @Option(help: "State folder. Default: $STATE_DIRECTORY, else /var/lib/layerfoldd.")
    var state: String?

    @Option(help: "Folder watched for manifests. Default: STATE/inbox.")
    var inbox: String?

    @Option(name: .customLong("model-root"), help: "Folder that holds models; repeatable.")
    var modelRoots: [String] = []

    @Option(name: .customLong("data-root"), help: "Folder that holds data; repeatable.")
    var dataRoots: [String] = []

    @Option(help: "The program started as `PROGRAM worker`. Default: layerfold beside layerfoldd.")
    var worker: String?

    @Option(help: "Socket at which workers are started in units of their own.")
    var workerSocket: String?

    @Option(
        parsing: .unconditional, help: "Seconds between two looks through the inbox. Default: 30.")
    var rescanSeconds: Double?

    @Option(
        parsing: .unconditional,
        help: "Seconds a file must stay unchanged before it is taken. Default: 2.")
    var settleSeconds: Double?

    @Option(
        parsing: .unconditional,
        help: "Seconds between SIGTERM and SIGKILL to a worker. Default: 30.")
    var graceSeconds: Double?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String = "info"

    /// The parser's own code for wrong arguments is 64; here it is 2, as of `layerfold`.
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        do {
            try await parse().run()
        } catch  where exitCode(for: error) == .validationFailure {
            try? FileHandle.standardError.write(
                contentsOf: Data((fullMessage(for: error) + "\n").utf8))
            Foundation.exit(2)
        } catch {
            exit(withError: error)
        }
    }

    /// Flags have the limits of the settings: a daemon that looks through its inbox all the time
    /// starves its jobs.
    func validate() throws {
        for (flag, seconds, range) in [
            ("--rescan-seconds", rescanSeconds, ServerSettings.rescanSecondsRange),
            ("--settle-seconds", settleSeconds, ServerSettings.settleSecondsRange),
            ("--grace-seconds", graceSeconds, ServerSettings.graceSecondsRange),
        ] {
            guard let seconds, !range.contains(seconds) else { continue }
            throw ValidationError(
                "\(flag) \(seconds): expected a number from \(range.lowerBound) to "
                    + "\(range.upperBound)")
        }
    }

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw ValidationError("unknown log level `\(logLevel)`")
        }
        let journal = JournalSocket(environment: ProcessInfo.processInfo.environment)
        LoggingSystem.bootstrap { ServiceLogHandler(label: $0, journal: journal) }
        var logger = Logger(label: "layerfoldd")
        logger.logLevel = level
        do {
            let (file, flags) = (try config.map(DaemonProgram.absolute), try flags())
            let read: @Sendable () throws -> ServerSettings = {
                try Self.settings(file: file, flags: flags)
            }
            try await DaemonProgram.run(
                settings: read(), reread: file.map { _ in read }, logger: logger)
        } catch {
            logger.critical("\(FaultText.describe(error))")
            // sysexits.h: what a restart cannot mend, so that a service manager does not try.
            let configurationError: Int32 = 78
            throw FailureClass(of: error) == .user
                ? ExitCode(configurationError) : ExitCode.failure
        }
    }

    /// What the flags say.
    private func flags() throws -> ServerSettings {
        var flags = ServerSettings()
        flags.stateDirectory = try state.map(DaemonProgram.absolute)
        flags.inbox = try inbox.map(DaemonProgram.absolute)
        if !modelRoots.isEmpty { flags.modelRoots = try modelRoots.map(DaemonProgram.absolute) }
        if !dataRoots.isEmpty { flags.dataRoots = try dataRoots.map(DaemonProgram.absolute) }
        flags.worker = try worker.map(DaemonProgram.absolute)
        flags.workerSocket = try workerSocket.map(DaemonProgram.absolute)
        flags.rescanSeconds = rescanSeconds
        flags.settleSeconds = settleSeconds
        flags.graceSeconds = graceSeconds
        return flags
    }

    /// The file as it is now, with the flags over it.
    private static func settings(file: String?, flags: ServerSettings) throws -> ServerSettings {
        var settings =
            try file.map { try DaemonProgram.settings(file: FilePath($0)) } ?? ServerSettings()
        settings.stateDirectory = flags.stateDirectory ?? settings.stateDirectory
        settings.inbox = flags.inbox ?? settings.inbox
        settings.modelRoots = flags.modelRoots ?? settings.modelRoots
        settings.dataRoots = flags.dataRoots ?? settings.dataRoots
        settings.worker = flags.worker ?? settings.worker
        settings.workerSocket = flags.workerSocket ?? settings.workerSocket
        settings.rescanSeconds = flags.rescanSeconds ?? settings.rescanSeconds
        settings.settleSeconds = flags.settleSeconds ?? settings.settleSeconds
        settings.graceSeconds = flags.graceSeconds ?? settings.graceSeconds
        return settings
    }
}
