// What recurrent mixers keep of a sequence between its tokens.

/// The shape of a state.
package struct ScanShape: Sendable, Equatable {
    /// Channels of the convolution, and the tokens that its filter sees.
    package var channels: Int
    package var filterWidth: Int
    /// Of what goes from token to token; none where there is a convolution alone.
    package var rows: Int
    package var columns: Int

    package init(channels: Int, filterWidth: Int, rows: Int = 0, columns: Int = 0) {
        self.channels = channels
        self.filterWidth = filterWidth
        self.rows = rows
        self.columns = columns
    }

    package var floatCount: Int { channels * (filterWidth - 1) + rows * columns }
}

/// What a sequence leaves for the tokens that follow it.
package struct ScanState: Sendable {
    /// The last inputs of the convolution, oldest first, [K - 1, channels].
    package let inputs: MatrixView
    /// Mamba-1: [channels, states]. Mamba-2: [heads * width, states], head after head. Delta rule:
    /// [value heads * key width, value width].
    package let states: MatrixView

    /// Of a sequence that has not begun.
    package init(_ shape: ScanShape) {
        inputs = MatrixView(rows: shape.filterWidth - 1, columns: shape.channels)
        states = MatrixView(rows: shape.rows, columns: shape.columns)
    }

    package func clear() {
        inputs.fill(0)
        states.fill(0)
    }
}
