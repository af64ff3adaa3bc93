// Workers in units of their own, without a service manager: a real `Accept=yes` starts them.

import DurableIO
import Foundation
import Glibc
import SystemPackage
import Testing

/// Starts workers as systemd would.
final class WorkerUnits {
    static let program = "/usr/bin/systemd-socket-activate"
    static let isThere = FileManager.default.isExecutableFile(atPath: program)

    let socket: FilePath
    private let process = Process()

    /// - Parameter command: run for each connection.
    init(in folder: TestFolder, _ command: [String]) async throws {
        socket = folder.file("workers.sock")
        // It closes all that it inherits, by which Foundation knows that a process has ended: a
        // shell stays between. Foundation hands on the signal mask of a thread that blocks TERM
        // and CHLD, without which neither of the two ever ends: `env` opens it.
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            [
                "--default-signal", "/bin/sh", "-c", #""$@" & trap "kill -9 $!" TERM; wait"#, "sh",
                Self.program,
            ]
            + ["--accept", "--inetd", "-l", socket.string] + command
        process.standardError = FileHandle.nullDevice
        try process.run()
        let socket = socket
        try #require(await eventually { Self.isListening(at: socket) })
    }

    /// A daemon whose workers are started at a socket, with the worker of `TestDaemon`.
    static func daemon() async throws -> (TestDaemon, WorkerUnits) {
        let daemon = try TestDaemon()
        let unit = daemon.folder.file("unit")
        try daemon.folder.write(
            """
            #!/bin/sh
            trap '' PIPE
            printf '{"kind":"greeting","process":%s}\\n' $$
            exec "\(daemon.folder.file("worker"))" worker --unit

            """, to: unit)
        _ = unsafe chmod(unit.string, 0o755)
        let units = try await WorkerUnits(in: daemon.folder, [unit.string])
        daemon.arguments = ["--worker-socket", units.socket.string]
        return (daemon, units)
    }

    /// Whether connections are taken. Its file is there a moment before: who comes between is
    /// refused, and has a child for a worker.
    private static func isListening(at socket: FilePath) -> Bool {
        // Of Num, RefCount, Protocol, Flags, Type, St, Inode and Path; __SO_ACCEPTCON of net.h.
        TestFolder.text("/proc/net/unix").split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            return words.count == 8 && words[3] == "00010000" && words[7] == socket.string
        }
    }

    deinit {
        Glibc.kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
    }
}
