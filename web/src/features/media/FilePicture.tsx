import { useCallback } from "react";

interface Props {
  file: File;
  className?: string | undefined;
}

/** A picture of the device that has not been sent anywhere. */
export function FilePicture({ file, className }: Props) {
  const show = useCallback(
    (image: HTMLImageElement) => {
      const url = URL.createObjectURL(file);
      image.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [file],
  );
  return <img ref={show} className={className} alt="" />;
}
