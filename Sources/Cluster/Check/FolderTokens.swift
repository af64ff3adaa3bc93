// What head and node leave for each other in the folders that both write: numbers of folders may
// be the same by chance, and a text that nobody can guess is not.

package enum FolderTokens {
    package static let bytesMax = 256
    private static let prefix = ".layerfold-check-"

    /// Of all files that a check leaves, whoever wrote them.
    /// - Parameter check: the name of the check.
    package static func prefix(of check: String) -> String { prefix + check }

    /// The head's file in each folder.
    package static func headFile(of check: String) -> String { prefix(of: check) + "-head" }

    /// A node's, by what tells its probes apart.
    package static func nodeFile(of check: String, by probe: String) -> String {
        prefix(of: check) + "-node-" + probe
    }

    /// A folder that the head makes, moves and removes.
    package static func headFolder(of check: String, by probe: String) -> String {
        prefix(of: check) + "-folder-" + probe
    }
}
