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
        abstract: "Watches the inbox and runs compression jobs, one after the other.",
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

    @Option(help: "Seconds between two looks through the inbox. Default: 30.")
    var rescanSeconds: Double?

    @Option(help: "Seconds a file must stay unchanged before it is taken. Default: 2.")
    var settleSeconds: Double?

    @Option(help: "Seconds between SIGTERM and SIGKILL to a worker. Default: 30.")
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

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw ValidationError("unknown log level `\(logLevel)`")
        }
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "layerfoldd")
        logger.logLevel = level
        do {
            // This value is read again, not the command line.
            let (command, file) = (self, config)
            try await DaemonProgram.run(
                settings: settings(), reread: file == nil ? nil : { try command.settings() },
                logger: logger)
        } catch {
            logger.critical("\(FaultText.describe(error))")
            // sysexits.h: what a restart cannot mend, so that a service manager does not try.
            let configurationError: Int32 = 78
            throw FailureClass(of: error) == .user
                ? ExitCode(configurationError) : ExitCode.failure
        }
    }

    private func settings() throws -> ServerSettings {
        var settings =
            try config.map { try DaemonProgram.settings(file: FilePath($0)) }
            ?? ServerSettings()
        settings.stateDirectory = try state.map(DaemonProgram.absolute) ?? settings.stateDirectory
        settings.inbox = try inbox.map(DaemonProgram.absolute) ?? settings.inbox
        if !modelRoots.isEmpty { settings.modelRoots = try modelRoots.map(DaemonProgram.absolute) }
        if !dataRoots.isEmpty { settings.dataRoots = try dataRoots.map(DaemonProgram.absolute) }
        settings.worker = try worker.map(DaemonProgram.absolute) ?? settings.worker
        settings.workerSocket =
            try workerSocket.map(DaemonProgram.absolute) ?? settings.workerSocket
        settings.rescanSeconds = rescanSeconds ?? settings.rescanSeconds
        settings.settleSeconds = settleSeconds ?? settings.settleSeconds
        settings.graceSeconds = graceSeconds ?? settings.graceSeconds
        return settings
    }
}
