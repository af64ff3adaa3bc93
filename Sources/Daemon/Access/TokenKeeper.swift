// The tokens on disk: `<state>/access/tokens.json`, written whole or not at all. A file that cannot
// be read lets nobody in, and is not overwritten. On a thread of its own, since it waits for the
// disk.

import DurableIO
package import Failures
import Foundation
package import Jobs
package import SystemPackage

package actor TokenKeeper {
    /// The file does not say what it should.
    package struct Unreadable: ClassifiedFailure, CustomStringConvertible {
        let path: FilePath
        let reason: String
        package let failureClass: FailureClass

        package var description: String {
            "`\(path)` cannot be read, and no token counts: \(reason); put it back from a backup, "
                + "or move it away and make tokens anew"
        }
    }

    private let file: FilePath
    private let clock: DaemonClock
    /// Nil until the file was read.
    private var known: TokenBook?
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.tokens")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    package static let fileName = "tokens.json"

    /// - Parameter folder: is there, and nobody else's.
    package init(folder: FilePath, clock: DaemonClock) {
        file = folder.appending(Self.fileName)
        self.clock = clock
    }

    /// What is wrong with the file; nil where all is well.
    package func problem() -> String? {
        do {
            _ = try book()
            return nil
        } catch {
            return FaultText.describe(error)
        }
    }

    // MARK: Questions

    /// Who comes with these words, and notes that.
    /// - Throws: `Unreadable`.
    func find(_ text: String) throws -> TokenBook.Finding {
        let finding = try book().find(text, now: clock.now())
        if case .good(let record) = finding { use(record.summary.id) }
        return finding
    }

    /// - Throws: `Unreadable`.
    func valid(_ id: String) throws -> TokenRecord? {
        let record = try book().valid(id, now: clock.now())
        if record != nil { use(id) }
        return record
    }

    /// - Parameter user: whose; nil for all.
    /// - Throws: `Unreadable`.
    package func list(of user: Int?) throws -> [TokenSummary] {
        try book().tokens.map(\.summary).filter { user == nil || $0.user == user }
    }

    private func use(_ id: String) {
        guard var book = known, book.use(id, now: clock.now()) else { return }
        known = book
        // When it was used last is told, and decides nothing: it may be lost.
        try? write(book)
    }

    // MARK: Changes

    /// - Throws: `ErrorDocument`, `Unreadable`, `SystemCallError`.
    package func make(_ request: TokenRequest, for user: Int) throws -> NewToken {
        var book = try book()
        let days = request.days ?? TokenRequest.daysDefault
        let name = request.name ?? ""
        guard (1...TokenRequest.daysMax).contains(days) else {
            throw ErrorDocument(
                code: .refused,
                message: "`days`: expected 1 to \(TokenRequest.daysMax), found \(days)")
        }
        guard name.utf8.count <= TokenRequest.nameBytesMax else {
            throw ErrorDocument(
                code: .refused,
                message: "`name`: expected at most \(TokenRequest.nameBytesMax) bytes, found "
                    + "\(name.utf8.count)")
        }
        var id = TokenText.newID()
        while book.tokens.contains(where: { $0.summary.id == id }) { id = TokenText.newID() }
        let (now, text) = (clock.now(), TokenText(Secret(), id: id))
        let summary = TokenSummary(
            id: id, user: user, scope: request.scope ?? .submit, name: OneLine.text(name),
            madeAtMilliseconds: now, expiresAtMilliseconds: now + days * 86_400_000)
        try book.add(TokenRecord(summary: summary, digest: text.digest), now: now)
        try write(book)
        known = book
        return NewToken(token: text.text, summary: summary)
    }

    /// Takes a token away: whoever came by it is nobody from now on.
    /// - Throws: `ErrorDocument` where it is not there, or not the caller's: in the same words.
    package func revoke(_ id: String, by caller: Caller) throws -> TokenSummary {
        var book = try book()
        guard let record = book.remove(id), caller.mayChange(jobOf: record.summary.user) else {
            throw ErrorDocument(
                code: .notFound,
                message: "there is no token `\(OneLine.text(id, bytesMax: 64))` of yours")
        }
        try write(book)
        known = book
        return record.summary
    }

    // MARK: File

    private func book() throws -> TokenBook {
        if let known { return known }
        sweep()
        let book = try read()
        known = book
        return book
    }

    private func read() throws -> TokenBook {
        struct Header: Decodable { let version: Int }
        do {
            guard try Syscalls.stat(file) != nil else { return TokenBook() }
            let bytes = Data(try SmallFile.read(file, bytesMax: TokenBook.bytesMax))
            let version = try JSONDecoder().decode(Header.self, from: bytes).version
            guard version == TokenBook.currentVersion else {
                throw NewerFormat(
                    source: "`\(file)`", field: "version", found: "\(version)",
                    known: ["\(TokenBook.currentVersion)"])
            }
            return try JSONDecoder().decode(TokenBook.self, from: bytes)
        } catch {
            throw Unreadable(
                path: file, reason: FaultText.describe(error),
                failureClass: error is DecodingError ? .user : FailureClass(of: error))
        }
    }

    private func write(_ book: TokenBook) throws {
        try DurableFile.write(
            Array(JobJSON.encodePretty(book)), to: file, permissions: 0o600)
    }

    /// What a write that was cut off left behind.
    private func sweep() {
        let folder = file.removingLastComponent()
        for entry in (try? DirectoryScan.entries(of: folder)) ?? []
        where entry.name.string.hasPrefix(".\(Self.fileName).")
            && entry.name.string.hasSuffix(".tmp")
        {
            try? Syscalls.unlink(folder.appending(entry.name))
        }
    }
}
