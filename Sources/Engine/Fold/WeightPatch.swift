// Tensors that a method computed, and a model that is read with them in place of its own.

package import TensorMath

/// Computed tensors by name: vectors as [1, n].
package struct WeightPatch: Sendable {
    /// In the order they were set first.
    package private(set) var names: [String] = []
    private var matrices: [String: MatrixView] = [:]

    package init() {}

    package subscript(name: String) -> MatrixView? {
        get { matrices[name] }
        set {
            if matrices[name] == nil, newValue != nil { names.append(name) }
            if newValue == nil { names.removeAll { $0 == name } }
            matrices[name] = newValue
        }
    }

    /// The same tensors under other names.
    package func renamed(_ name: (String) -> String) -> WeightPatch {
        var result = WeightPatch()
        for old in names { result[name(old)] = matrices[old] }
        return result
    }

    /// The tensors of these names that are in it.
    package func only(_ wanted: [String]) -> WeightPatch {
        var result = WeightPatch()
        for name in wanted { result[name] = matrices[name] }
        return result
    }

    package mutating func add(_ other: WeightPatch) {
        for name in other.names { self[name] = other[name] }
    }

    package var byteCount: Int {
        names.reduce(0) { $0 + 4 * (matrices[$1].map { $0.rows * $0.columns } ?? 0) }
    }

    // MARK: As a file

    package var archive: TensorArchive {
        var archive = TensorArchive()
        for name in names { if let matrix = matrices[name] { archive.add(name, matrix) } }
        return archive
    }

    /// nil where an array is not a matrix of floats.
    package init?(_ archive: TensorArchive) {
        for entry in archive.entries {
            guard let matrix = archive.matrix(entry.name) else { return nil }
            self[entry.name] = matrix
        }
    }
}

/// A source whose patched tensors come from a fold, and all others from below.
package final class PatchedWeights: WeightSource {
    private let base: any WeightSource
    private var patched: [String: WeightMatrix] = [:]

    package init(_ base: any WeightSource) { self.base = base }

    package func apply(_ patch: WeightPatch) throws {
        for name in patch.names {
            guard let matrix = patch[name] else { continue }
            patched[name] = WeightMatrix(matrix, as: try base.weight(name).format)
        }
    }

    package func weight(_ name: String) throws -> WeightMatrix {
        try patched[name] ?? base.weight(name)
    }

    package func prefetch(_ names: [String]) {
        base.prefetch(names.filter { patched[$0] == nil })
    }

    package func release(_ names: [String]) { base.release(names.filter { patched[$0] == nil }) }
}
