// The four things that are asked of the queue, as one JSON line each, so that somebody with a
// network can be asked to ask.

package import Foundation
package import Jobs

package enum QueueCommand: Sendable, Equatable, Codable {
    case submit(arguments: [String], script: String)
    case list
    /// What partitions give.
    case limits
    case cancel(ids: [String])

    /// The longest request, and the longest answer, as a line.
    package static let lineBytesMax = 33_554_432

    /// Of one call of the cancel command.
    package static let idsMax = 500

    package func words(_ commands: ClusterSettings.Commands) -> [String] {
        switch self {
        case .submit(let arguments, _): commands.submit + arguments
        case .list: commands.list
        case .limits: commands.limits
        case .cancel(let ids): commands.cancel + ids
        }
    }

    package var input: String {
        if case .submit(_, let script) = self { script } else { "" }
    }

    private enum Verb: String, Codable { case submit, list, limits, cancel }

    private enum CodingKeys: String, CodingKey { case verb, arguments, script, ids }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Verb.self, forKey: .verb) {
        case .submit:
            self = .submit(
                arguments: try container.decode([String].self, forKey: .arguments),
                script: try container.decode(String.self, forKey: .script))
        case .list: self = .list
        case .limits: self = .limits
        case .cancel: self = .cancel(ids: try container.decode([String].self, forKey: .ids))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .submit(let arguments, let script):
            try container.encode(Verb.submit, forKey: .verb)
            try container.encode(arguments, forKey: .arguments)
            try container.encode(script, forKey: .script)
        case .list: try container.encode(Verb.list, forKey: .verb)
        case .limits: try container.encode(Verb.limits, forKey: .verb)
        case .cancel(let ids):
            try container.encode(Verb.cancel, forKey: .verb)
            try container.encode(ids, forKey: .ids)
        }
    }
}

/// Who asks the queue: this process, or the bridge.
package protocol QueueAsking: Sendable {
    func ask(_ command: QueueCommand) async -> CommandReply
}

/// One request, one answer: what `layerfold cluster bridge` does with a connection. It keeps
/// nothing, so that it may be killed at any time.
package struct QueueBridge: Sendable {
    private let asker: any QueueAsking

    package init(_ asker: any QueueAsking) { self.asker = asker }

    /// - Parameter line: a `QueueCommand` as JSON.
    /// - Returns: a `CommandReply` as JSON, without a newline.
    package func answer(_ line: Data) async -> Data {
        let reply: CommandReply
        do {
            reply = await asker.ask(try JSONDecoder().decode(QueueCommand.self, from: line))
        } catch {
            reply = CommandReply(
                code: nil, errors: "the bridge was sent no request that it knows", wasRun: false)
        }
        return (try? JobJSON.encode(reply)) ?? Data()
    }
}
