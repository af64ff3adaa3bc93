// `layerfold cluster`: what an administrator of a cluster needs.

import ArgumentParser
import Cluster
import Dispatch
import DurableIO
import Foundation
import Jobs
import Synchronization
import SystemPackage

struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Work with a queue of other machines.",
        subcommands: [ClusterCheckCommand.self, BridgeCommand.self, ProbeCommand.self])
}

/// Started by the service manager for each connection of the daemon, which has no network.
struct BridgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bridge",
        abstract: "Ask the queue one thing for the daemon.",
        discussion: "Reads one request from standard input and writes the answer to standard "
            + "output; the commands are those of `cluster` in the settings.")

    @Option(help: "Settings file of the daemon (YAML). Default: Slurm's own commands.")
    var config: String?

    @Option(help: "Seconds that a command may take.") var seconds = 120

    func validate() throws {
        guard (1...3_600).contains(seconds) else {
            throw ValidationError("--seconds is a number from 1 to 3600")
        }
    }

    /// Who may have something run: what a request asks for is run with our rights, whatever it is.
    /// - Parameters:
    ///   - peer: of the socket that requests come by; nil where nobody tells.
    ///   - isSocket: whether they come by one; if not, then from who started us.
    ///   - own: our user.
    /// - Returns: why not; nil where it may.
    static func refusal(of peer: Int?, isSocket: Bool, own: Int) -> String? {
        guard let peer else {
            return isSocket
                ? "the kernel does not tell who connected: the bridge answers on a unix socket "
                    + "(`ListenStream=` with a path), or by hand on a pipe" : nil
        }
        guard peer != own, peer != 0 else { return nil }
        return "user \(peer) connected, and the queue is asked for user \(own) alone: set "
            + "`SocketUser=` and `SocketMode=0600` of the socket unit"
    }

    func run() throws {
        let peer = UnixSocket.peer(of: STDIN_FILENO)?.user
        let isSocket = UnixSocket.isSocket(STDIN_FILENO)
        if let refusal = Self.refusal(of: peer, isSocket: isSocket, own: Int(geteuid())) {
            throw Failure(.refused, refusal)
        }
        let commands = try commands()
        guard let line = readLine(strippingNewline: true),
            line.utf8.count <= QueueCommand.lineBytesMax
        else { throw Failure(.usage, "expected a request on standard input") }
        let bridge = QueueBridge(CommandRunner(commands, timeLimit: .seconds(seconds)))
        let answer = Self.wait { await bridge.answer(Data(line.utf8)) }
        _ = Descriptors.write(Array(answer) + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
    }

    private func commands() throws -> ClusterSettings.Commands {
        guard let config else { return ClusterSettings.Commands() }
        let path = FilePath(config)
        let bytes = try SmallFile.read(path, bytesMax: 1 << 20)
        do {
            return try ServerSettings.parse(bytes: Data(bytes)).cluster?.commands ?? .init()
        } catch let error as ManifestError {
            throw Failure(.usage, "`\(path)`: \(error)")
        }
    }

    /// The main thread waits: it is none of those that tasks share.
    private static func wait(
        _ work: @escaping @Sendable () async -> Data
    ) -> Data {
        let result = Result()
        let done = DispatchSemaphore(value: 0)
        Task {
            let value = await work()
            result.value.withLock { $0 = value }
            done.signal()
        }
        done.wait()
        return result.value.withLock { $0 }
    }

    private final class Result: Sendable {
        let value = Mutex(Data())
    }
}
