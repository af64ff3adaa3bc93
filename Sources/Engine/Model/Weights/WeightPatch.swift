// Tensors that a method computed.

package import Checkpoint
package import TensorMath

/// Tensors that a method computed, in memory or where they wait until they are asked for.
package protocol ComputedTensors {
    var names: [String] { get }
    /// A vector as [1, n]; nil where it was not computed.
    func tensor(_ name: String) throws -> MatrixView?
}

/// Computed tensors in memory.
package struct WeightPatch: ComputedTensors, Sendable {
    /// In the order they were set first.
    package private(set) var names: [String] = []
    private var matrices: [String: MatrixView] = [:]

    package init() {}

    /// All that `work` gives, together.
    package init(collecting work: (_ give: (WeightPatch) throws -> Void) throws -> Void) rethrows {
        var all = WeightPatch()
        try work { all.add($0) }
        self = all
    }

    package func tensor(_ name: String) -> MatrixView? { matrices[name] }

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
