// Letters on disk: each event once, whatever fails on the way, and what is broken in nobody's way.

import DurableIO
import Foundation
import Jobs
import SystemPackage
import TestSupport
import Testing

@testable import Letters

@Suite struct LetterBoxTests {
    private static let mail = NotifyWish(mail: .address("ada@example.org"))

    @Test func `a letter is written once, wherever it has gone`() throws {
        let post = try Post()
        let letter = post.letters("a", Self.mail)[0]
        let name = LetterBox.fileName(letter.id)
        #expect(try post.box.put(letter))
        #expect(try !post.box.put(letter))
        try post.box.move(name, to: post.box.sent)
        #expect(try !post.box.put(letter))
        #expect(Post.names(post.box.outbox).isEmpty)
        try Syscalls.rename(
            post.box.sent.appending(name), to: post.box.failed.appending(name))
        #expect(try !post.box.put(letter))
        #expect(try post.box.put(post.letters("b", Self.mail)[0]))
    }

    @Test(arguments: [FaultPlan.Fault.error(.ioError), .error(.noSpace), .death, .short])
    func `whatever call fails, the letter is there whole or not at all, and then once`(
        fault: FaultPlan.Fault
    ) throws {
        var number = 1
        while true {
            let post = try Post()
            let letter = post.letters("a", Self.mail)[0]
            let plan = FaultPlan(fault, atCall: number)
            let isPut = FaultPlan.$current.withValue(plan) { try? post.box.put(letter) }
            let found = try post.box.waiting()
            #expect(found.broken.isEmpty, "call \(number)")
            #expect(found.letters == [] || found.letters == [letter], "call \(number)")
            if isPut == true { #expect(found.letters == [letter], "call \(number)") }
            _ = try post.box.put(letter)
            #expect(try post.box.waiting().letters == [letter], "call \(number)")
            // Nothing but letters lies in the folder whose being empty is watched.
            #expect(Post.names(post.box.outbox).count == 1)
            if !plan.hasFired { break }
            number += 1
        }
        #expect(number > 8)
        FaultRounds.tell(rounds: number - 1)
    }

    @Test func `what is no letter is told of by name`() throws {
        let post = try Post()
        try post.put("a", Self.mail)
        let newer = "7-b-done-mail"
        for (name, text) in [
            ("torn.json", "{\"version\": 1, "), ("empty.json", ""), ("x", "y"),
            (LetterBox.fileName(newer), "{\"version\": 2}"),
        ] { try DurableFile.write(Array(text.utf8), to: post.box.outbox.appending(name)) }
        try Syscalls.mkdir(post.box.outbox.appending("folder"))
        // One under another's name would be sent again and again.
        let id = post.letters("a", Self.mail)[0].id
        try DurableFile.write(
            try SmallFile.read(
                post.box.outbox.appending(LetterBox.fileName(id)), bytesMax: Letter.bytesMax),
            to: post.box.outbox.appending("7-other-done-mail.json"))
        let found = try post.box.waiting()
        #expect(found.letters.map(\.id) == [id])
        #expect(
            found.broken.map(\.name).sorted() == [
                "7-b-done-mail.json", "7-other-done-mail.json", "empty.json", "folder",
                "torn.json", "x",
            ])
    }

    @Test func `what was put away goes after a month, and what was half-written after an hour`()
        throws
    {
        let post = try Post()
        let day = 86_400_000
        let files = [
            (post.box.sent.appending("old.json"), 31), (post.box.sent.appending("new.json"), 29),
            (post.box.failed.appending("old.json"), 31),
            (post.box.folder.appending(".7.json.1-2.tmp"), 1),
            (post.box.folder.appending("7.json"), 90),
            (post.box.outbox.appending("old.json"), 90),
        ]
        for (path, days) in files {
            try DurableFile.write([], to: path)
            try Syscalls.setModified(path, seconds: (post.now - days * day) / 1_000)
        }
        #expect(post.box.tidy(now: post.now).isEmpty)
        let left = try files.map(\.0).filter { try Syscalls.stat($0) != nil }
        #expect(left == [files[1].0, files[4].0, files[5].0])
    }

    @Test func `what cannot be removed keeps nothing else from going`() throws {
        let post = try Post()
        let day = 86_400_000
        let files =
            ["a.json", "b.json", "c.json"].map { post.box.sent.appending($0) }
            + [post.box.folder.appending(".7.json.1-2.tmp")]
        for path in files {
            try DurableFile.write([], to: path)
            try Syscalls.setModified(path, seconds: (post.now - 31 * day) / 1_000)
        }
        let plan = FaultPlan(.error(.permissionDenied), atCall: 1, among: [.unlink])
        let problems = FaultPlan.$current.withValue(plan) { post.box.tidy(now: post.now) }
        #expect(problems.count == 1)
        let kept = try #require(problems.first as? SystemCallError).path
        #expect(try files.filter { try Syscalls.stat($0) != nil } == [kept])
        #expect(post.box.tidy(now: post.now).isEmpty)
        #expect(try files.allSatisfy { try Syscalls.stat($0) == nil })
    }

    @Test func `the newest letters of one user are told to that user alone`() throws {
        let post = try Post()
        for number in 1...9 {
            try post.put("a\(number)", Self.mail)
            post.advance(1)
        }
        // A number that begins as another's.
        try post.put("b", Self.mail, owner: 77)
        let newest = post.box.newest(of: 7)
        #expect(newest.map(\.id) == (5...9).reversed().map { "7-a\($0)-done-mail" })
        #expect(newest.allSatisfy { $0.state == .waiting })
        #expect(post.box.newest(of: 77).count == 1)
    }

    @Test func `the time of the last letter about all is in its name`() throws {
        let post = try Post()
        #expect(post.box.newestLast(of: 7, besides: 0) == nil)
        for (end, owner) in [(5_000, 7), (4_000, 7), (9_000, 77)] {
            for letter in Letter.all(.last, "\(end)", to: owner, Self.mail, now: 1) {
                _ = try post.box.put(letter)
            }
        }
        try post.put("job-123", Self.mail)
        let name = try #require(
            Post.names(post.box.outbox).first { $0.hasPrefix("7-5000.") })
        #expect(name.hasSuffix("-last-mail.json"))
        try post.box.move(name, to: post.box.sent)
        // As letters were called once.
        try DurableFile.write([], to: post.box.sent.appending("7-4500-last-mail.json"))
        #expect(post.box.newestLast(of: 7, besides: 0) == 5_000)
        #expect(post.box.newestLast(of: 7, besides: 5_000) == 4_500)
    }

    @Test func `what users say is kept whole, and for nobody else`() throws {
        let post = try Post()
        let book = WishBook(post.box.folder)
        let page = WishBook.Page(notify: Self.mail, secret: "s")
        try book.keep(page, of: 7)
        #expect(try book.page(of: 7) == page)
        #expect(try book.page(of: 8) == nil)
        let path = post.box.folder.appending("7.json")
        #expect(try Syscalls.stat(path)?.permissions == 0o600)
        try DurableFile.write(Array("{".utf8), to: path)
        #expect(throws: WishBook.Unreadable.self) { try book.page(of: 7) }
        try book.forget(7)
        #expect(try book.page(of: 7) == nil)
    }

    @Test func `a letter that goes out names no results that are gone`() throws {
        let post = try Post()
        var letter = post.letters("a", Self.mail)[0]
        letter.jobs[0].results = post.box.folder.string
        letter.jobs.append(letter.jobs[0])
        letter.jobs[1].results = post.box.folder.appending("gone").string
        let results = letter.withoutLostResults().jobs.map(\.results)
        #expect(results == [post.box.folder.string, nil])
    }
}
