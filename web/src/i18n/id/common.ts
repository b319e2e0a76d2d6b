export const common = {
  appName: "Bongsu",
  cancel: "Batal",
  close: "Tutup",
  back: "Kembali",
  save: "Simpan",
  done: "Selesai",
  copy: "Salin",
  copied: "Tersalin",
  hidePassword: "Sembunyikan kata sandi",
  showPassword: "Tampilkan kata sandi",
  loading: "Memuat",
  retry: "Coba lagi",
  error: {
    title: "Halaman ini berhenti",
    text: "Ada yang salah di bagian aplikasi ini. Tidak ada yang terkirim yang hilang.",
    reload: "Muat ulang",
    unknown: "Tidak berhasil. Silakan coba lagi.",
    network: "Server sedang tidak dapat dihubungi.",
    tooFast: "Terlalu cepat. Mohon tunggu sebentar.",
  },
  status: {
    offline: "Tidak ada koneksi. Anda tetap bisa membaca; pesan Anda menunggu dan dikirim nanti.",
    reconnecting: "Mencari jalan lain ke server. Pesan Anda menunggu, tidak ada yang hilang.",
  },
  elsewhere: {
    title: "Terbuka di tab lain",
    text: "Bongsu berjalan di tab atau jendela lain peramban ini. Hanya bisa berjalan di satu tempat.",
    here: "Pakai di sini",
  },
  notFound: "Tidak ada apa-apa di alamat ini.",
  insecure:
    "Alamat ini tidak aman (bukan https), sehingga peramban tidak mengizinkan enkripsi. Buka lewat alamat https.",
};
