export const search = {
  title: "Cari",
  everywhere: "Cari di semua obrolan",
  words: "Kata",
  nothing: "Tidak ditemukan.",
  found: "{count, plural, other {# pesan ditemukan}}",
  onDevice:
    "Perangkat ini mencari dalam yang sudah dibacanya, karena server tidak dapat membaca pesan Anda. Indeksnya disimpan terenkripsi.",
  readOlder: "Baca pesan lama obrolan ini",
} as const;
