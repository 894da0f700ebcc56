import type { ReactNode } from 'react';

export interface Column<T> {
  title: string;
  cell: (row: T) => ReactNode;
}

export function Table<T>({ columns, rows, rowKey }: { columns: Column<T>[]; rows: T[]; rowKey: (row: T) => string }) {
  return (
    <table className="table">
      <thead><tr>{columns.map((column) => <th key={column.title} scope="col">{column.title}</th>)}</tr></thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)}>{columns.map((column) => <td key={column.title} data-title={column.title}>{column.cell(row)}</td>)}</tr>
        ))}
      </tbody>
    </table>
  );
}
