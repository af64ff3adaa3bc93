// What people want to be told of all their jobs, as `<state>/notify/<uid>.json`: the daemon cannot
// look into home folders, so it keeps what it is told over the socket.

package import DurableIO
package import Failures
import Foundation
package import Jobs
package import SystemPackage

package struct WishBook: Sendable {
    /// One user's page.
    package struct Page: Sendable, Equatable, Codable {
        package static let currentVersion = 1

        package var version = Page.currentVersion
        /// Nil where only the secret is kept.
        package var notify: NotifyWish?
        /// What webhooks are signed with; never told again.
        package var secret: String?

        package init(notify: NotifyWish? = nil, secret: String? = nil) {
            (self.notify, self.secret) = (notify, secret)
        }
    }

    package struct Unreadable: ClassifiedFailure, CustomStringConvertible {
        let path: FilePath
        let reason: String
        package let failureClass: FailureClass

        package var description: String {
            "`\(path)` cannot be read: \(reason); `layerfold notify off` removes it"
        }
    }

    private static let bytesMax = 65_536

    package let folder: FilePath

    package init(_ folder: FilePath) { self.folder = folder }

    private func path(of user: Int) -> FilePath { folder.appending("\(user).json") }

    /// - Returns: nil where nothing is kept.
    /// - Throws: `Unreadable`, `SystemCallError`.
    package func page(of user: Int) throws -> Page? {
        let path = path(of: user)
        guard try Syscalls.stat(path) != nil else { return nil }
        let page: Page
        do {
            page = try JSONDecoder().decode(
                Page.self, from: Data(try SmallFile.read(path, bytesMax: Self.bytesMax)))
        } catch {
            throw Unreadable(
                path: path, reason: FaultText.describe(error), failureClass: FailureClass(of: error)
            )
        }
        guard page.version == Page.currentVersion else {
            throw Unreadable(
                path: path, reason: "version \(page.version) is not known to this build",
                failureClass: .user)
        }
        return page
    }

    /// Durably, and for nobody else to read.
    package func keep(_ page: Page, of user: Int) throws {
        try DurableFile.write(
            Array(try JobJSON.encodePretty(page)), to: path(of: user), permissions: 0o600)
    }

    /// Removes all that is kept of a user.
    package func forget(_ user: Int) throws(SystemCallError) {
        let path = path(of: user)
        guard try Syscalls.stat(path) != nil else { return }
        try Syscalls.unlink(path)
        try Syscalls.syncFolder(folder)
    }
}
