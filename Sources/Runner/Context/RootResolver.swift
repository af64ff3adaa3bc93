// Paths of a manifest are below configured roots: the first root that holds the path wins, and
// nothing outside a root is ever read.

package import Failures
package import SystemPackage

package enum RootError: ClassifiedFailure, Equatable, CustomStringConvertible {

    package var failureClass: FailureClass { .user }

    case notFound(kind: String, path: String, roots: [String])
    case outside(kind: String, path: String, roots: [String])

    package var description: String {
        switch self {
        case .notFound(let kind, let path, let roots):
            "\(kind) \"\(path)\" does not exist below \(roots.joined(separator: ", ")); put it "
                + "there, or write its path relative to one of them"
        case .outside(let kind, let path, let roots):
            "\(kind) \"\(path)\" lies outside \(roots.joined(separator: ", ")); only files below "
                + "a root may be named"
        }
    }
}

package struct RootResolver: Sendable {
    /// `model` or `data`, for messages.
    package let kind: String
    package let roots: [FilePath]

    package init(kind: String, roots: [FilePath]) {
        self.kind = kind
        self.roots = roots
    }

    /// The real path, free of links and dots, and the root it lies below.
    package func resolve(_ path: String) throws(RootError) -> (path: FilePath, root: FilePath) {
        var escaped = false
        for root in roots {
            let candidate = FilePath(path).isAbsolute ? FilePath(path) : root.appending(path)
            guard let realRoot = realPath(root), let real = realPath(candidate) else { continue }
            if real.starts(with: realRoot) { return (real, realRoot) }
            escaped = true
        }
        let names = roots.map(\.string)
        throw escaped
            ? .outside(kind: kind, path: path, roots: names)
            : .notFound(kind: kind, path: path, roots: names)
    }
}
