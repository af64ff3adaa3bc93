// Shared helpers of the tests: where fixtures lie, temporary folders, exhaustive loops.

package import Foundation

/// Folders that tests read.
package enum Places {
    /// The package's own folder.
    package static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Small inputs and the right outputs, committed; Scripts/make_*.py make them.
    package static let fixtures = root.appending(path: "Tests/Fixtures")

    /// Reference data beside a developer's checkout; a user's clone has none.
    package static let shared = root.deletingLastPathComponent().appending(path: "shared")

    /// For `.enabled(if:)`, with the word that `sharedMissing` says.
    package static let hasShared = FileManager.default.fileExists(
        atPath: shared.appending(path: "golden").path)

    package static let sharedMissing: String =
        "the reference data beside the development checkout are not here"

    /// The folder of the built programs: that of the program that runs the tests.
    package static let programs: URL = {
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: own ?? "").deletingLastPathComponent()
    }()

    package static let demoModel = root.appending(path: "inbox-example/models/demo")
}

/// A folder that is removed when the object goes.
package final class TemporaryFolder: Sendable {
    package let url: URL

    package init(_ name: String = "layerfold-test") throws {
        url = FileManager.default.temporaryDirectory.appending(
            path: "\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    package var path: String { url.path }
}
