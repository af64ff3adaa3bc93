// What people say of how they want to be told, and what became of their letters. On a thread of its
// own: the queue writes letters, and knows nothing of this.

import DurableIO
import Failures
package import Foundation
package import Jobs
import Letters
import SystemPackage

package actor NotifyDesk {
    private let live: LiveConfiguration
    private var configuration: DaemonConfiguration { live.current }
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.notify")

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    package init(_ settings: LiveConfiguration) { live = settings }

    private var box: LetterBox { LetterBox(configuration.folders.notify) }
    private var book: WishBook { WishBook(configuration.folders.notify) }

    package func report(for user: Int) throws -> NotifyReport {
        try report(of: book.page(of: user), user)
    }

    /// Keeps a wish in the place of the one before.
    /// - Parameters:
    ///   - body: the value of a manifest's key `notify`; empty: what is kept stays.
    ///   - renewsSecret: whether webhooks are signed with another secret from now on.
    /// - Returns: the report, with the secret where it is new.
    /// - Throws: `ManifestError`, `ErrorDocument`.
    package func keep(_ body: Data, of user: Int, renewsSecret: Bool) throws -> NotifyReport {
        var page = try book.page(of: user) ?? WishBook.Page()
        if !body.isEmpty {
            page.notify = try ManifestParser.notify(bytes: body, rule: configuration.notifyRule)
        } else if configuration.notify == nil {
            throw Self.off
        }
        let isNew = renewsSecret || page.secret == nil
        if isNew { page.secret = Secret().hex }
        try box.make()
        try book.keep(page, of: user)
        var report = report(of: page, user)
        report.secret = isNew ? page.secret : nil
        return report
    }

    /// Forgets all that a user has said, the secret as well.
    package func forget(_ user: Int) throws -> NotifyReport {
        try book.forget(user)
        return report(of: nil, user)
    }

    /// Writes a letter by each way that the user's wish names.
    /// - Throws: `ErrorDocument`: there is none, or the last test still waits.
    package func test(_ user: Int) throws -> NotifyReport {
        guard configuration.notify != nil else { throw Self.off }
        guard let page = try book.page(of: user), let wish = page.notify else {
            throw ErrorDocument(
                code: .refused,
                message: "you want to be told nothing: `layerfold notify set --mail me` first")
        }
        if let refusal = configuration.notifyRule.refusal(of: wish) {
            throw ErrorDocument(code: .refused, message: "\(refusal.problem): \(refusal.hint)")
        }
        let (box, now) = (box, configuration.clock.now())
        try box.make()
        for letter in Letter.all(.test, "\(now)", to: user, wish, now: now) {
            // One test at a time: nobody fills the outbox by them.
            let isWaiting = box.isWaiting(of: user) { id in
                id.hasSuffix("-\(Letter.Kind.test.rawValue)-\(letter.way.rawValue)")
            }
            guard !isWaiting else {
                throw ErrorDocument(
                    code: .refused,
                    message: "the last test has not left yet: is anything sending letters? "
                        + "`systemctl status layerfold-notify.path` says so, `layerfold notify "
                        + "show` what became of them")
            }
            _ = try box.put(letter)
        }
        return report(of: page, user)
    }

    private func report(of page: WishBook.Page?, _ user: Int) -> NotifyReport {
        NotifyReport(
            notify: page?.notify, hasSecret: page?.secret != nil, rule: configuration.notifyRule,
            letters: box.newest(of: user))
    }

    private static let off = ErrorDocument(
        code: .refused,
        message: "this server tells nobody anything: its administrator turns that on with the "
            + "setting `notify: {mail: true}`")
}
