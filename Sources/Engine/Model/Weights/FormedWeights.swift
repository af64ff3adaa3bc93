// Projections whose outputs do not lie as rows of their tensors, brought into rows.

package import TensorMath

/// Matrices that were brought into rows, until their tensors are released. A tensor that a source
/// has changed is formed anew. For one thread of control.
final class FormedWeights {
    private struct Formed {
        let stored: WeightMatrix
        let matrix: WeightMatrix
    }

    /// By tensor, then by what is taken of it.
    private var formed: [String: [Int: Formed]] = [:]

    /// Rows [outputs, inputs] of a projection.
    ///
    /// - Parameter stored: all of its tensor.
    func rows(of projection: ProjectionBlueprint, in stored: WeightMatrix) -> WeightMatrix {
        // Experts lie behind one another: their rows are rows of one tall matrix.
        if projection.form == .rows {
            return stored.reshaped(columns: projection.inputs).rows(projection.rows)
        }
        let key = projection.firstOutput
        if let found = formed[projection.tensor]?[key], found.stored.isSame(as: stored) {
            return found.matrix
        }
        let matrix = WeightMatrix(projection.gathered(stored), as: stored.format)
        formed[projection.tensor, default: [:]][key] = Formed(stored: stored, matrix: matrix)
        return matrix
    }

    func release(_ names: [String]) {
        for name in names { formed[name] = nil }
    }
}

extension ProjectionBlueprint {
    /// Place of output `i` among the stored ones: a row, or a column.
    private func place(_ i: Int) -> Int {
        let i = rows.lowerBound + i
        switch form {
        case .rows, .columns: return i
        case .blocks(let start, let size, let step): return start + i / size * step + i % size
        case .expertColumns(_, let start, let step): return start + i * step
        }
    }

    /// Runs of outputs that follow one another in the tensor.
    package var storedRuns: [(outputs: Range<Int>, places: Range<Int>)] {
        var runs: [(outputs: Range<Int>, places: Range<Int>)] = []
        for output in 0..<rows.count {
            let place = place(output)
            if let last = runs.last, last.places.upperBound == place {
                runs[runs.count - 1] = (
                    last.outputs.lowerBound..<output + 1, last.places.lowerBound..<place + 1
                )
            } else {
                runs.append((output..<output + 1, place..<place + 1))
            }
        }
        return runs
    }

    /// Whether `storedRuns` are columns of `plane`, not rows.
    package var liesInColumns: Bool {
        switch form {
        case .rows, .blocks: false
        case .columns, .expertColumns: true
        }
    }

    /// The part of a tensor that the projection's runs are counted in: [places, inputs], or
    /// [inputs, places].
    ///
    /// - Parameter whole: all of the tensor, as a source reads it.
    package func plane(of whole: MatrixView) -> MatrixView {
        guard liesInColumns else { return whole.reshaped(columns: inputs) }
        let columns = whole.reshaped(columns: totalRows)
        guard case .expertColumns(let expert, _, _) = form else { return columns }
        return columns.rows(expert * inputs..<(expert + 1) * inputs)
    }

    /// The part of the biases that the projection's runs are counted in.
    ///
    /// - Parameter whole: all biases of the tensor, as a source reads them.
    /// - Returns: [1, places].
    package func biasLine(of whole: MatrixView) -> MatrixView {
        let line = whole.reshaped(columns: whole.rows * whole.columns)
        guard case .expertColumns(let expert, _, _) = form else { return line }
        return line.columns(expert * totalRows..<(expert + 1) * totalRows)
    }

    /// Tells projections of one tensor apart.
    fileprivate var firstOutput: Int {
        if case .expertColumns(let expert, _, _) = form { return expert * totalRows + place(0) }
        return place(0)
    }

    /// [outputs, inputs] of all of the tensor.
    fileprivate func gathered(_ stored: WeightMatrix) -> MatrixView {
        let result = MatrixView(rows: rows.count, columns: inputs)
        switch form {
        case .rows, .blocks:
            let stored = stored.reshaped(columns: inputs)
            for output in 0..<rows.count {
                let row = place(output)
                stored.convert(rows: row..<row + 1, to: result.rows(output..<output + 1))
            }
        case .columns, .expertColumns:
            var stored = stored.reshaped(columns: totalRows)
            if case .expertColumns(let expert, _, _) = form {
                stored = stored.rows(expert * inputs..<(expert + 1) * inputs)
            }
            result.assign(stored.floats().transposed(columns: (0..<rows.count).map(place)))
        }
        return result
    }

    /// The bias [1, outputs] of this projection.
    ///
    /// - Parameter stored: the bias of the whole tensor, [1, n].
    func bias(of stored: MatrixView) -> MatrixView {
        switch form {
        case .rows: return stored.columns(rows)
        case .columns, .blocks, .expertColumns:
            let result = MatrixView(rows: 1, columns: rows.count)
            var first = 0
            if case .expertColumns(let expert, _, _) = form { first = expert * totalRows }
            for output in 0..<rows.count { result[0, output] = stored[0, first + place(output)] }
            return result
        }
    }

    /// Writes [outputs, inputs] to where the tensor holds them.
    ///
    /// - Parameter whole: all of the tensor, as a source reads it.
    package func write(_ matrix: MatrixView, to whole: MatrixView) {
        switch form {
        case .rows, .blocks:
            let whole = whole.reshaped(columns: inputs)
            for output in 0..<rows.count {
                let row = place(output)
                whole.rows(row..<row + 1).assign(matrix.rows(output..<output + 1))
            }
        case .columns, .expertColumns:
            var whole = whole.reshaped(columns: totalRows)
            if case .expertColumns(let expert, _, _) = form {
                whole = whole.rows(expert * inputs..<(expert + 1) * inputs)
            }
            let columns = matrix.transposed(columns: Array(0..<inputs))
            for output in 0..<rows.count {
                let column = place(output)
                whole.columns(column..<column + 1).assign(columns.columns(output..<output + 1))
            }
        }
    }

    /// Writes [1, outputs] to where the bias of the whole tensor holds them.
    package func writeBias(_ bias: MatrixView, to whole: MatrixView) {
        var first = 0
        if case .expertColumns(let expert, _, _) = form { first = expert * totalRows }
        for output in 0..<rows.count { whole[0, first + place(output)] = bias[0, output] }
    }

    /// Bytes of what is formed of the tensor; none where rows are read as they lie.
    var formedByteCount: Int { form == .rows ? 0 : 4 * rows.count * inputs }
}
