// The daemon as a program: settings from flags, environment and file; signals; life until SIGTERM.

import DurableIO
package import Failures
import Foundation
import Glibc
import HTTP
package import Jobs
package import Logging
import ServiceLifecycle
package import SystemPackage
import UnixSignals

package enum DaemonProgram {
    private static let settingsBytesMax = 65_536

    /// The settings of a file.
    /// - Throws: `SettingsError`.
    package static func settings(file: FilePath) throws -> ServerSettings {
        do {
            let bytes = try SmallFile.read(file, bytesMax: settingsBytesMax)
            return try ServerSettings.parse(bytes: Data(bytes))
        } catch {
            throw SettingsError(
                file: file, reason: FaultText.describe(error), failureClass: FailureClass(of: error)
            )
        }
    }

    package struct SettingsError: ClassifiedFailure, CustomStringConvertible {
        let file: FilePath
        let reason: String
        package let failureClass: FailureClass

        package var description: String { "settings file `\(file)`: \(reason)" }
    }

    /// Runs until SIGTERM or SIGINT; returns after a clean stop.
    /// - Parameter reread: the settings as a reload finds them; nil where there is no file.
    package static func run(
        settings: ServerSettings, reread: (@Sendable () throws -> ServerSettings)? = nil,
        logger: Logger,
        onReady: @escaping @Sendable () -> Void = {}
    ) async throws {
        DescriptorLimit.raise()
        let environment = ProcessInfo.processInfo.environment
        // Before anything is started that could get them too.
        let sockets = PassedSockets.take(
            PassedSockets.named(in: environment, process: Int(getpid())))
        // systemd names the folder of `StateDirectory=` here.
        let state = environment["STATE_DIRECTORY"] ?? "/var/lib/layerfoldd"
        let program = try executable()
        let configuration: @Sendable (ServerSettings) -> DaemonConfiguration = {
            DaemonConfiguration($0, defaultState: state, program: program)
        }
        let notifier = Notifier(environment: environment, process: Int(getpid()))
        let service = DaemonService(
            configuration: configuration(settings),
            source: reread.map {
                SettingsSource(start: settings, read: $0, configuration: configuration)
            }, isService: environment["NOTIFY_SOCKET"] != nil, sockets: sockets,
            notifier: notifier, logger: logger, onReady: onReady)
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .cancelGroup)
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await group.run()
    }

    /// A path of the command line, from the root.
    package static func absolute(_ path: String) throws -> String {
        try target(of: "/proc/self/cwd").pushing(FilePath(path)).lexicallyNormalized().string
    }

    /// This program's own file.
    private static func executable() throws -> FilePath {
        try target(of: "/proc/self/exe")
    }

    private static func target(of link: FilePath) throws -> FilePath {
        let bytesMax = 4_096
        let bytes = unsafe [CChar](unsafeUninitializedCapacity: bytesMax) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            count = max(0, unsafe link.withPlatformString { unsafe readlink($0, start, bytesMax) })
        }
        guard !bytes.isEmpty else {
            throw SettingsError(file: link, reason: "cannot be read", failureClass: .user)
        }
        return FilePath(String(decoding: bytes.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
}
