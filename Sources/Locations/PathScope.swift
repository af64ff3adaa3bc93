// Where the paths of a manifest lead. The daemon opens only what lies below its roots; whoever runs
// a job himself may name whatever he may read.

package import Failures
import Foundation
package import SystemPackage

/// What was named, found.
package struct Located: Sendable, Equatable {
    /// The real path, free of links and dots.
    package let path: FilePath
    /// Files in it may lead, by links, to wherever this folder reaches.
    package let fence: FilePath
    /// As it was named, in the real path of its folder: of a link in a cache the name that tells
    /// what it is. Where that lies outside the fence the real path.
    package let named: FilePath

    fileprivate init(_ real: FilePath, named wanted: FilePath, fence: FilePath) {
        path = real
        self.fence = fence
        let wanted = wanted.lexicallyNormalized()
        let folder = RealPath.of(wanted.removingLastComponent())
        if let folder, let name = wanted.lastComponent, folder.starts(with: fence) {
            named = folder.appending(name)
        } else {
            named = real
        }
    }
}

/// A path leads to nothing that may be opened.
package enum PathError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case notFound(kind: String, path: String, looked: [String])
    case outside(kind: String, path: String, roots: [String])
    case unseenRoots(kind: String, path: String, roots: [String])

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .notFound(let kind, let path, let looked):
            "\(kind) `\(path)` does not exist (looked for \(looked.joined(separator: ", "))); "
                + "check the path, or put it there"
        case .outside(let kind, let path, let roots):
            "\(kind) `\(path)` lies outside \(roots.joined(separator: ", ")); the server opens "
                + "only files below a root: move it there, or run the job with `layerfold run`"
        case .unseenRoots(let kind, let path, let roots):
            "\(kind) `\(path)` cannot be looked for: the server does not see "
                + "\(roots.joined(separator: ", ")). It is missing, or the service's sandbox hides "
                + "it (ProtectHome=yes hides home folders): bring it in with BindReadOnlyPaths="
        }
    }
}

/// Which paths may be opened, and where relative ones start.
package enum PathScope: Sendable, Equatable {
    /// Below one of these folders, links followed; a relative path starts at the first that has it.
    case below([FilePath])
    /// Anywhere; relative paths start here, and `~` is the home folder.
    case anywhere(from: FilePath)

    /// - Parameter kind: `model` or `data`, for messages.
    /// - Throws: `PathError`.
    package func locate(_ path: String, kind: String) throws(PathError) -> Located {
        switch self {
        case .below(let roots): try Self.locate(path, below: roots, kind: kind)
        case .anywhere(let start): try Self.locate(path, from: start, kind: kind)
        }
    }

    /// Where a path is looked for, each below the real path of its root.
    func places(of path: String) -> [(root: FilePath, wanted: FilePath)] {
        switch self {
        case .below(let roots):
            roots.compactMap { root in
                RealPath.of(root).map { ($0, root.pushing(FilePath(path))) }
            }
        case .anywhere(let start): [("/", start.pushing(FilePath(expandingHome: path)))]
        }
    }

    private static func locate(
        _ path: String, from start: FilePath, kind: String
    ) throws(PathError) -> Located {
        let wanted = start.pushing(FilePath(expandingHome: path))
        guard let real = RealPath.of(wanted) else {
            throw .notFound(kind: kind, path: path, looked: [wanted.lexicallyNormalized().string])
        }
        return Located(real, named: wanted, fence: "/")
    }

    private static func locate(
        _ path: String, below roots: [FilePath], kind: String
    ) throws(PathError) -> Located {
        var isOutside = false
        var isMissing = false
        var unseen: [String] = []
        for root in roots {
            guard let realRoot = RealPath.of(root) else {
                unseen.append(root.string)
                continue
            }
            let wanted = root.pushing(FilePath(path))
            guard let real = RealPath.of(wanted) else {
                let place = wanted.lexicallyNormalized()
                isMissing =
                    isMissing || place.starts(with: root.lexicallyNormalized())
                    || place.starts(with: realRoot)
                continue
            }
            if real.starts(with: realRoot) {
                return Located(real, named: wanted, fence: realRoot)
            }
            isOutside = true
        }
        let names = roots.map(\.string)
        if isOutside { throw .outside(kind: kind, path: path, roots: names) }
        if !unseen.isEmpty { throw .unseenRoots(kind: kind, path: path, roots: unseen) }
        // Whether something is there is nobody's business outside of the roots.
        if !isMissing, !roots.isEmpty { throw .outside(kind: kind, path: path, roots: names) }
        throw .notFound(
            kind: kind, path: path, looked: roots.map { $0.pushing(FilePath(path)).string })
    }
}

extension FilePath {
    /// `~` and `~/…` start at the home folder, as in a shell; anything else stays as it is.
    package init(expandingHome path: String) {
        guard path == "~" || path.hasPrefix("~/") else {
            self.init(path)
            return
        }
        // Foundation asks the list of users first; shells, and whoever runs a program, say HOME.
        let home = ProcessInfo.processInfo.environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        self = FilePath(home ?? NSHomeDirectory()).appending(String(path.dropFirst(2)))
    }
}
