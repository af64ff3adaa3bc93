// Asks the bridge, a small unit of its own that has a network: a connection for each request.

import Dispatch
import DurableIO
import Foundation
package import Jobs
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
            DispatchQueue(label: "layerfold.bridge").async {
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

extension ClusterSettings {
    /// Who asks the queue: the bridge where there is one, else this process.
    package var asker: any QueueAsking {
        guard let socket else { return CommandRunner(commands) }
        return BridgeAsker(socket: FilePath(socket))
    }
}
