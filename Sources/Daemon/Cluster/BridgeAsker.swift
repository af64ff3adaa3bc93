// Asks the bridge, a small unit of its own that has a network: a connection for each request.

import Cluster
import Dispatch
import DurableIO
import Foundation
import Jobs
import SystemPackage

struct BridgeAsker: QueueAsking {
    private let socket: FilePath
    private let timeLimit: Duration

    /// - Parameter timeLimit: longer than the bridge gives a command.
    init(socket: FilePath, timeLimit: Duration = .seconds(180)) {
        self.socket = socket
        self.timeLimit = timeLimit
    }

    @concurrent
    func ask(_ command: QueueCommand) async -> CommandReply {
        let connection: UnixSocket
        do {
            connection = try UnixSocket.connect(to: socket)
        } catch {
            return CommandReply(
                code: nil,
                errors: "nobody listens for the queue: \(error) (systemctl status "
                    + "layerfold-cluster.socket)", wasRun: false)
        }
        let alarm = Task { [timeLimit] in
            do { try await Task.sleep(for: timeLimit) } catch { return }
            connection.shutDown()
        }
        defer { alarm.cancel() }
        // Both calls block: not a thread of the cooperative pool.
        return await withCheckedContinuation { continuation in
            DispatchQueue(label: "layerfoldd.bridge").async {
                continuation.resume(returning: Self.exchange(command, connection))
            }
        }
    }

    private static func exchange(
        _ command: QueueCommand, _ connection: UnixSocket
    ) -> CommandReply {
        do {
            try connection.send(Array(JobJSON.encode(command)) + [UInt8(ascii: "\n")])
            var bytes: [UInt8] = []
            while bytes.last != UInt8(ascii: "\n"), bytes.count <= QueueCommand.lineBytesMax {
                let piece = try connection.receive(bytesMax: 65_536)
                if piece.isEmpty { break }
                bytes += piece
            }
            return try JSONDecoder().decode(CommandReply.self, from: Data(bytes))
        } catch {
            return CommandReply(code: nil, errors: "the bridge gave no answer: \(error)")
        }
    }
}

extension DaemonConfiguration {
    /// Who asks the queue at present.
    func queueAsker(_ cluster: ClusterSettings) -> any QueueAsking {
        guard let socket = cluster.socket else { return CommandRunner(cluster.commands) }
        return BridgeAsker(socket: FilePath(socket))
    }
}

extension ClusterLimits {
    init(_ settings: ClusterSettings) {
        self.init()
        units = settings.units
        pollMilliseconds = Int(settings.pollSeconds * 1_000)
        fileMilliseconds = Int(settings.fileSeconds * 1_000)
    }
}
