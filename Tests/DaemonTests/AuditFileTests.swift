// The copy of the audit log beside the jobs: what it keeps, and what an index gets back of it.

import Daemon
import DurableIO
import Store
import SystemPackage
import Testing

@Suite struct AuditFileTests {
    private static func act(_ number: Int) -> NumberedEvent {
        (
            number,
            EventRow(
                at: 1_000 + number, job: number % 3 == 0 ? nil : "J\(number)", type: "hold",
                data: #"{"admin":true,"by":\#(number)}"#)
        )
    }

    private static func isEqual(_ some: [NumberedEvent], _ others: [NumberedEvent]) -> Bool {
        some.count == others.count && zip(some, others).allSatisfy { $0 == $1 }
    }

    @Test func `what is appended is read again, behind half a line as well`() throws {
        let folder = try TestFolder()
        let file = AuditFile(in: folder.path)
        #expect(try file.events().isEmpty && file.lastSequence() == 0)
        try file.append([Self.act(1), Self.act(4)])
        try file.append([Self.act(7)])
        #expect(try file.lastSequence() == 7)
        let path = folder.file(AuditFile.name)
        let text = TestFolder.text(path)
        try folder.write(text + #"{"seq":8,"at":10"#, to: path)
        try file.append([Self.act(9)])
        let kept = try file.events()
        #expect(Self.isEqual(kept, [1, 4, 7, 9].map(Self.act)), "\(kept)")
        #expect(try file.lastSequence() == 9)
        #expect(try Syscalls.stat(path)?.permissions == 0o600)
    }

    @Test func `two files of a size are kept, and the newest acts are among them`() throws {
        let folder = try TestFolder()
        let file = AuditFile(in: folder.path, bytesMax: 1_000)
        for number in 1...100 { try file.append([Self.act(number)]) }
        let names = TestFolder.names(in: folder.path).sorted()
        #expect(names == ["audit.jsonl", "audit.jsonl.1"])
        for name in names {
            #expect(try (Syscalls.stat(folder.file(name))?.byteCount ?? 0) <= 1_000)
        }
        let kept = try file.events()
        #expect(kept.count >= 10)
        #expect(Self.isEqual(kept, (101 - kept.count...100).map(Self.act)), "the newest, in order")
        // A file that has just begun, and is lost, leaves the one before.
        try Syscalls.unlink(folder.file("audit.jsonl"))
        #expect(try file.lastSequence() > 80)
    }
}
