// Reads the stream of events from pieces of any size: chunks of HTTP, in them server-sent events.
// No sockets.

import Foundation
package import Jobs

/// An event with its number.
package struct NumberedEvent: Sendable, Equatable {
    package let number: Int
    package let event: TimedEvent

    package init(number: Int, event: TimedEvent) {
        self.number = number
        self.event = event
    }
}

/// The body of an answer that comes in chunks (RFC 9112, 7.1), without extensions and trailers,
/// which the daemon does not send.
struct ChunkReader {
    private enum State {
        case size([UInt8])
        case data(left: Int)
        /// The line end behind a chunk.
        case gap(left: Int)
        case ended
        case broken
    }

    private var state = State.size([])

    var isEnded: Bool { if case .ended = state { true } else { false } }
    /// No chunks, or nonsense among them.
    var isBroken: Bool { if case .broken = state { true } else { false } }

    /// - Returns: What the chunks hold.
    mutating func take(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var body: [UInt8] = []
        for byte in bytes {
            switch state {
            case .size(let digits) where byte == UInt8(ascii: "\n"):
                let text = String(decoding: digits.dropLast(), as: UTF8.self)
                guard digits.last == UInt8(ascii: "\r"), let count = Int(text, radix: 16),
                    count >= 0
                else {
                    state = .broken
                    continue
                }
                state = count == 0 ? .ended : .data(left: count)
            case .size(let digits): state = digits.count < 16 ? .size(digits + [byte]) : .broken
            case .data(let left):
                body.append(byte)
                state = left > 1 ? .data(left: left - 1) : .gap(left: 2)
            case .gap(let left): state = left > 1 ? .gap(left: left - 1) : .size([])
            case .ended, .broken: return body
            }
        }
        return body
    }
}

/// Server-sent events, as far as the daemon sends them.
struct EventParser {
    /// Of a line, and of an event's data: far more than the daemon sends.
    static let bytesMax = 1_048_576

    private var line: [UInt8] = []
    private var data = ""
    /// Where the stream is: of the last event, or told without one.
    private(set) var number: Int?

    /// - Throws: `DecodingError` for an event that is none of ours.
    mutating func take(_ bytes: [UInt8]) throws -> [NumberedEvent] {
        var events: [NumberedEvent] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                guard line.count < Self.bytesMax, data.utf8.count <= Self.bytesMax else {
                    throw DecodingError.dataCorrupted(
                        .init(
                            codingPath: [],
                            debugDescription: "an event of more than \(Self.bytesMax) bytes"))
                }
                line.append(byte)
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            line.removeAll(keepingCapacity: true)
            if text.isEmpty {
                if let event = try event() { events.append(event) }
            } else {
                take(text)
            }
        }
        return events
    }

    private mutating func take(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return }
        let value = text[text.index(after: colon)...].drop { $0 == " " }
        switch text[..<colon] {
        case "id": number = Int(value) ?? number
        case "data": data += value
        default: break
        }
    }

    private mutating func event() throws -> NumberedEvent? {
        defer { data = "" }
        guard let number, !data.isEmpty else { return nil }
        let event = try JSONDecoder().decode(TimedEvent.self, from: Data(data.utf8))
        return NumberedEvent(number: number, event: event)
    }
}
