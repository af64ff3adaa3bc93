// What a client makes of the bytes of a stream, however they come.

import Jobs
import Testing

@testable import Client

@Suite struct EventParserTests {
    private static let text =
        "retry: 1000\nid: 7\n\n:\nid: 8\n\nid: 9\nevent: reset\n"
        + "data: {\"kind\":\"reset\",\"at_ms\":5}\n\nid: 12\n\n"

    @Test func `pieces of any size make the same events, and the place of the last`() throws {
        let bytes = Array(Self.text.utf8)
        for size in 1...bytes.count {
            var parser = EventParser()
            var events: [NumberedEvent] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                events += try parser.take(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            let event = TimedEvent(atMilliseconds: 5, event: .reset)
            #expect(events == [NumberedEvent(number: 9, event: event)], "\(size)")
            #expect(parser.number == 12)
        }
    }

    @Test(arguments: ["x", "data: x\n"])
    func `an event without end is given up before it fills the memory`(piece: String) {
        var parser = EventParser()
        let bytes = Array(String(repeating: piece, count: 64).utf8)
        #expect(throws: DecodingError.self) {
            for _ in 0...(8 * EventParser.bytesMax / bytes.count) { _ = try parser.take(bytes) }
        }
    }

    @Test func `chunks are taken apart at any byte, and nonsense is told`() {
        var reader = ChunkReader()
        var body: [UInt8] = []
        for byte in Array("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n".utf8) {
            body += reader.take([byte])
        }
        #expect(String(decoding: body, as: UTF8.self) == "abc0123456789" && reader.isEnded)
        for text in ["x\r\n", "-1\r\n", "3\n", "00000000000000000\r\n"] {
            var reader = ChunkReader()
            _ = reader.take(Array(text.utf8))
            #expect(reader.isBroken, "\(text)")
        }
    }
}
