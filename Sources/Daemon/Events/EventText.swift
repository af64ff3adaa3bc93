// Events in the format of server-sent events (WHATWG HTML, 9.2).

import Jobs

enum EventText {
    /// Milliseconds after which a client that lost its connection comes back. Not the same for
    /// all: after a restart of the daemon they would all come at once.
    /// - Parameter reader: counts the readers.
    static func retry(reader: Int) -> Int { 1_000 + (reader & 15) * 250 }

    static func event(_ event: TimedEvent, number: Int) -> [UInt8] {
        // JSON as it is written here holds no line ends.
        let data = (try? JobJSON.encode(event)).map { Array($0) } ?? Array("{}".utf8)
        return Array("id: \(number)\nevent: \(event.event.kind.rawValue)\ndata: ".utf8) + data
            + Array("\n\n".utf8)
    }

    /// Tells a client where it is, and is no event to it.
    static func place(_ number: Int) -> [UInt8] { Array("id: \(number)\n\n".utf8) }

    static func opening(_ number: Int, retry: Int) -> [UInt8] {
        Array("retry: \(retry)\n".utf8) + place(number)
    }

    /// A comment, so that nobody on the way takes the silence for an end, and the place, so that
    /// who waits for one job does not fall behind what happens to others.
    static func pulse(_ number: Int) -> [UInt8] { Array(":\n".utf8) + place(number) }
}
