// The daemon's log: one line for each event whatever it holds, fields for the journal.

import Daemon
import DurableIO
import Failures
import Foundation
import Glibc
import Logging
import Synchronization
import SystemPackage
import Testing

@Suite struct LogTests {
    private static let forged = "x\n<3>layerfoldd: all jobs lost\u{1B}[2J\u{202E}\r\u{85}\u{2028}y"

    @Test func `no text of others ends a line, commands a terminal or turns the reading around`() {
        let line = OneLine.text(Self.forged)
        #expect(
            line == "x\\n<3>layerfoldd: all jobs lost\\u{1B}[2J\\u{202E}\\r\\u{85}\\u{2028}y")
        #expect(OneLine.text("ä 日本 🙂 100 %") == "ä 日本 🙂 100 %", "what is visible stays")
        #expect(OneLine.text(String(repeating: "é", count: 10), bytesMax: 5) == "éé…")
        #expect(OneLine.text("") == "")
        let logged = ServiceLogHandler.line(
            "a\nb", [("file", "x y=\"z\""), ("plain", "1"), ("reason", "one\ntwo")])
        #expect(logged == #"a\nb file="x y=\"z\"" plain=1 reason="one\ntwo""#)
        // Nobody ends a value early, or writes a line's end that was none.
        let backslashes = ServiceLogHandler.line(
            "a", [("file", #"x\" job=1"#), ("other", #"y\n"#), ("path", #"z\"#)])
        #expect(backslashes == #"a file="x\\\" job=1" other="y\\n" path="z\\""#)
    }

    @Test func `an event is one line on standard error`() {
        let lines = Mutex<[String]>([])
        let handler = ServiceLogHandler(label: "layerfoldd", journal: nil) { line in
            lines.withLock { $0.append(line) }
        }
        let logger = Logger(label: "layerfoldd") { _ in handler }
        logger.notice("rejected", metadata: ["file": "\(Self.forged)", "job": "J"])
        logger.debug("not shown")
        let text = lines.withLock { $0.joined() }
        #expect(text.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
        #expect(text.contains(" notice layerfoldd: rejected file="))
        #expect(text.hasSuffix(" job=J\n"))
    }

    @Test func `fields are written as the journal reads them`() {
        var message = JournalMessage()
        message.add("MESSAGE", "a=b")
        message.add("_PID", "1")
        message.add("two words", "x\ny")
        message.add("9", "dropped: no name is left")
        var expected = Array("MESSAGE=a=b\nPID=1\nTWO_WORDS\n".utf8)
        expected += [3, 0, 0, 0, 0, 0, 0, 0] + Array("x\ny\n".utf8)
        #expect(message.bytes == expected)
        var large = JournalMessage()
        for number in 0..<100 { large.add("F\(number)", String(repeating: "é", count: 100_000)) }
        #expect(large.bytes.count < JournalMessage.fieldsMax * (JournalMessage.valueBytesMax + 32))
    }

    @Test func `jobs and reasons have the fields that people filter by`() {
        let message = ServiceLogHandler.message(
            "failed", .error, "layerfoldd",
            [("job", "01J"), ("reason", "one\ntwo"), ("file", "x.yaml")])
        let text = String(decoding: message.bytes, as: UTF8.self)
        #expect(text.hasPrefix("MESSAGE=failed\nPRIORITY=3\nSYSLOG_IDENTIFIER=layerfoldd\n"))
        #expect(text.contains("\nJOB_ID=01J\n"))
        #expect(text.contains("\nREASON\n\u{7}\0\0\0\0\0\0\0one\ntwo\n"))
        #expect(text.hasSuffix("\nLAYERFOLD_FILE=x.yaml\n"))
    }

    @Test func `the journal gets a datagram, and standard error the line where there is none`()
        throws
    {
        let folder = try TestFolder()
        let path = folder.file("journal")
        let socket = Glibc.socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        defer { Glibc.close(socket) }
        let address = try #require(UnixAddress(path: path.string))
        let bound = unsafe address.lend { unsafe bind(socket, $0, $1) }
        try #require(bound == 0)
        let lines = Mutex<[String]>([])
        func logger(_ path: String) -> Logger {
            let handler = ServiceLogHandler(
                label: "layerfoldd", journal: JournalSocket(path: path)
            ) { line in lines.withLock { $0.append(line) } }
            return Logger(label: "layerfoldd") { _ in handler }
        }
        logger(path.string).warning("stays", metadata: ["reason": "why", "job": "01J"])
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe recv(socket, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        #expect(
            text == "MESSAGE=stays job=01J reason=why\nPRIORITY=4\nSYSLOG_IDENTIFIER=layerfoldd\n"
                + "JOB_ID=01J\nREASON=why\n")
        #expect(lines.withLock { $0.isEmpty })
        logger(folder.file("none").string).warning("stays", metadata: ["reason": "why"])
        #expect(lines.withLock { $0 } == ["<4>stays reason=why\n"])
    }

    @Test func `standard error is the journal only where systemd says so`() {
        #expect(JournalSocket.isStream("9:4711", device: 9, inode: 4_711))
        #expect(!JournalSocket.isStream("9:4711", device: 9, inode: 4_712))
        #expect(!JournalSocket.isStream("", device: 9, inode: 4_711))
        #expect(JournalSocket(environment: [:]) == nil)
        #expect(JournalSocket(environment: ["JOURNAL_STREAM": "1:1"]) == nil)
    }
}
