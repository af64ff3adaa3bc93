// Which paths a manifest may name. Purely lexical: what a path leads to is checked where it is
// opened.

import Catalogue

/// A daemon takes paths below its roots only; `layerfold run` takes any.
package enum PathRule: Sendable, Equatable {
    case anywhere
    /// Relative paths without `..`, or absolute ones below a root.
    case below(modelRoots: [String], dataRoots: [String])

    enum Root {
        case model, data
        /// Data, or a text that the program carries.
        case text
    }

    /// What is wrong with the path, or nil.
    func refusal(of path: String, under root: Root) -> (problem: String, hint: String)? {
        if path.isEmpty { return ("the path is empty", "name a file or folder") }
        if path.utf8.count > ManifestLimits.pathBytesMax {
            return ("the path is too long", "use at most \(ManifestLimits.pathBytesMax) bytes")
        }
        if path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            return ("the path holds a control character", "remove it")
        }
        if root != .model, path.hasPrefix(Offer.builtInPrefix) {
            if root == .data {
                return ("no built-in text will do here", "name a file or folder")
            }
            if Offer.isBuiltIn(path) { return nil }
            let names = Offer.builtInTexts.map(\.path)
            let meant = Spelling.nearest(to: path, in: names).map { "did you mean \($0)?" }
            return (
                "no built-in text of this name",
                meant ?? "there are \(names.joined(separator: ", "))"
            )
        }
        guard case .below(let modelRoots, let dataRoots) = self else { return nil }
        let components = path.split(separator: "/")
        if components.contains("..") {
            return ("the path leads upwards (..)", "name it from a root of the server")
        }
        guard path.hasPrefix("/") else { return nil }
        let roots = root == .model ? modelRoots : dataRoots
        let isBelow = roots.contains { components.starts(with: $0.split(separator: "/")) }
        if isBelow { return nil }
        let list = roots.isEmpty ? "none is configured" : roots.joined(separator: ", ")
        return ("the path lies outside the server's roots", "use a path below a root (\(list))")
    }
}
